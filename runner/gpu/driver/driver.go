package driver

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"

	"github.com/NVIDIA/go-nvml/pkg/nvml"

	"automl/runner/gpu"
)

// ErrNoDriver says that this machine has no NVIDIA driver.
var ErrNoDriver = errors.New("no NVIDIA driver: libnvidia-ml.so.1 is not there")

// System is the loaded library. Its methods may be called concurrently.
type System struct {
	lib     nvml.Interface
	mu      sync.Mutex
	devices []gpu.Device
	handles map[string]nvml.Device
	seen    map[string]uint64 // microseconds: the last sample of processes that was read of a device
}

// Open loads the library and finds the devices: in the order of the PCI bus, with the instances of a GPU in its place.
func Open() (*System, error) {
	s := &System{lib: nvml.New(), handles: map[string]nvml.Device{}, seen: map[string]uint64{}}
	switch ret := s.lib.Init(); ret {
	case nvml.SUCCESS:
	case nvml.ERROR_LIBRARY_NOT_FOUND:
		return nil, ErrNoDriver
	default:
		return nil, fmt.Errorf("start the NVIDIA management library: %s", s.lib.ErrorString(ret))
	}
	if err := s.find(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close unloads the library.
func (s *System) Close() error {
	return s.failed(s.lib.Shutdown(), "close the NVIDIA management library")
}

// Devices are the GPUs that were found.
func (s *System) Devices() []gpu.Device { return s.devices }

func (s *System) find() error {
	n, ret := s.lib.DeviceGetCount()
	if err := s.failed(ret, "count the GPUs"); err != nil {
		return err
	}
	for i := range n {
		h, ret := s.lib.DeviceGetHandleByIndex(i)
		if err := s.failed(ret, "GPU %d", i); err != nil {
			return err
		}
		instances, err := s.instances(h)
		if err != nil {
			return fmt.Errorf("GPU %d: %w", i, err)
		}
		if instances == nil {
			err = s.add(h, strconv.Itoa(i))
		}
		for _, h := range instances {
			err = errors.Join(err, s.add(h, ""))
		}
		if err != nil {
			return fmt.Errorf("GPU %d: %w", i, err)
		}
	}
	return nil
}

// instances are those of a GPU that is cut into several, which CUDA cannot use as a whole then; nil of any other.
func (s *System) instances(h nvml.Device) ([]nvml.Device, error) {
	if !s.has("nvmlDeviceGetMigMode") {
		return nil, nil
	}
	if mode, _, ret := h.GetMigMode(); ret != nvml.SUCCESS || mode != nvml.DEVICE_MIG_ENABLE {
		return nil, nil
	}
	most, ret := h.GetMaxMigDeviceCount()
	if err := s.failed(ret, "count its MIG instances"); err != nil {
		return nil, err
	}
	out := []nvml.Device{}
	for i := range most {
		if m, ret := h.GetMigDeviceHandleByIndex(i); ret == nvml.SUCCESS {
			out = append(out, m)
		}
	}
	return out, nil
}

// add notes a device; without an id it is known by its UUID.
func (s *System) add(h nvml.Device, id string) error {
	uuid, ret := h.GetUUID()
	if err := s.failed(ret, "its UUID"); err != nil {
		return err
	}
	name, ret := h.GetName()
	if err := s.failed(ret, "its name"); err != nil {
		return err
	}
	memory, ret := h.GetMemoryInfo()
	if err := s.failed(ret, "its memory"); err != nil {
		return err
	}
	d := gpu.Device{ID: id, UUID: uuid, Name: name, Memory: int64(memory.Total)}
	if id == "" {
		d.ID = uuid
	}
	s.devices = append(s.devices, d)
	s.handles[d.ID] = h
	return nil
}

// Use measures a device.
func (s *System) Use(id string) (gpu.Use, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, known := s.handles[id]
	if !known {
		return gpu.Use{}, fmt.Errorf("there is no GPU %s", id)
	}
	memory, ret := h.GetMemoryInfo()
	if err := s.failed(ret, "the memory of GPU %s", id); err != nil {
		return gpu.Use{}, err
	}
	u := gpu.Use{Busy: math.NaN(), Memory: int64(memory.Used), Processes: map[int]gpu.Share{}}
	if rates, ret := h.GetUtilizationRates(); ret == nvml.SUCCESS { // not of MIG instances
		u.Busy = float64(rates.Gpu) / 100
	}
	infos, ret := h.GetComputeRunningProcesses()
	if err := s.failed(ret, "the processes of GPU %s", id); err != nil {
		return gpu.Use{}, err
	}
	busy := s.busy(id, h)
	for _, p := range infos {
		share := gpu.Share{Memory: -1, Busy: math.NaN()}
		if p.UsedGpuMemory <= math.MaxInt64 { // all ones: not known
			share.Memory = int64(p.UsedGpuMemory)
		}
		if b, known := busy[p.Pid]; known {
			share.Busy = b
		} else if busy != nil {
			share.Busy = 0
		}
		u.Processes[int(p.Pid)] = share
	}
	return u, nil
}

// busy is the mean share of time in which each process computed since the last call; nil: the driver does not tell.
func (s *System) busy(id string, h nvml.Device) map[uint32]float64 {
	if !s.has("nvmlDeviceGetProcessUtilization") {
		return nil
	}
	samples, ret := h.GetProcessUtilization(s.seen[id])
	if ret == nvml.ERROR_NOT_FOUND { // nothing new
		return map[uint32]float64{}
	}
	if ret != nvml.SUCCESS {
		return nil
	}
	out, counts, last := map[uint32]float64{}, map[uint32]float64{}, s.seen[id]
	for _, p := range samples {
		if p.Pid == 0 || p.TimeStamp <= s.seen[id] {
			continue
		}
		counts[p.Pid]++
		out[p.Pid] += (float64(p.SmUtil)/100 - out[p.Pid]) / counts[p.Pid]
		last = max(last, p.TimeStamp)
	}
	s.seen[id] = last
	return out
}

// has reports whether the driver has a function: calling one that it lacks would end the process.
func (s *System) has(function string) bool { return s.lib.Extensions().LookupSymbol(function) == nil }

// failed is the error behind a return value, nil where it is a success.
func (s *System) failed(ret nvml.Return, format string, args ...any) error {
	if ret == nvml.SUCCESS {
		return nil
	}
	return fmt.Errorf(format+": %s", append(args, s.lib.ErrorString(ret))...)
}
