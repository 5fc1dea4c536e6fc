// Package gpu says what a GPU is, and what was measured of it. It knows no driver; package driver does.
package gpu

// Device is a GPU, or an instance of a GPU that is cut into several (MIG).
type Device struct {
	ID     string // as CUDA_VISIBLE_DEVICES takes it: the number in the order of the PCI bus, or a UUID
	UUID   string
	Name   string
	Memory int64 // bytes; 0: not known
}

// Use is what was taken of a device when it was asked.
type Use struct {
	Busy      float64 // share of the last moments, a sixth of a second to a second, in which it computed, 0 to 1; NaN: not known
	Memory    int64   // bytes, of all processes
	Processes map[int]Share
}

// Share is what one process takes of a device.
type Share struct {
	Memory int64   // bytes; -1: the driver does not tell
	Busy   float64 // share of the time since the last call in which it computed, 0 to 1; NaN: not known
}
