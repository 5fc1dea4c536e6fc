// Package driver finds the NVIDIA GPUs of this machine and measures what processes take of them, by the driver's management library
// (NVML). The library is loaded when Open is called, from wherever the system's loader finds libnvidia-ml.so.1; a machine without a
// driver gives ErrNoDriver. Nothing here changes a setting of a GPU.
//
// Only Linux has it. Process ids are those of NVML: in a container they are often the host's, and then match none of our own.
package driver
