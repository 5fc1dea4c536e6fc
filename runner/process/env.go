package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// allowed are the variables a trainer gets from the runner: what finds programs, libraries, caches and devices. Everything
// else stays outside, above all credentials.
var allowed = []string{"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
	"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "PYENV_ROOT", "PYENV_VERSION",
	"HF_HOME", "HF_HUB_CACHE", "HF_DATASETS_CACHE", "HF_HUB_OFFLINE", "HF_ENDPOINT", "TRANSFORMERS_CACHE",
	"TRANSFORMERS_OFFLINE", "TORCH_HOME", "KERAS_HOME", "KERAS_BACKEND", "TFHUB_CACHE_DIR", "TF_CPP_MIN_LOG_LEVEL",
	"TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "AUTOML_BLAS"}

// allowedPrefixes begin further families of them.
var allowedPrefixes = []string{"LC_", "XDG_", "CUDA_", "NVIDIA_", "NCCL_"}

// Machine is what a trainer may take of the machine.
type Machine struct {
	Threads   int
	GPUs      []string // as CUDA_VISIBLE_DEVICES takes them
	GPUShare  float64  // of each of them, in (0, 1]; 0: there are none
	GPUMemory int64    // bytes of each of them; 0: not known

	Accumulate int // parts to compute a batch in

	Trace string // the span that the trainer belongs to, as W3C trace context has it; empty: none
}

// Environment builds the environment of a trainer: the allowed part of environ with the names in pass, how much of the machine to
// use, then extra, which may overrule all of it, and at last the GPUs, which it may not.
func Environment(environ, pass []string, m Machine, extra map[string]string) []string {
	set := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if isAllowed(name) || slices.Contains(pass, name) {
			set[name] = value
		}
	}
	for _, name := range []string{"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMAXPROCS"} {
		set[name] = strconv.Itoa(m.Threads)
	}
	set["AUTOML_ACCUMULATE"] = strconv.Itoa(max(1, m.Accumulate))
	if m.Trace != "" {
		set["TRACEPARENT"] = m.Trace
	}
	set["PYTHONUNBUFFERED"] = "1" // else a report printed to a pipe arrives when the buffer is full, epochs later
	if m.GPUShare > 0 && m.GPUShare < 1 {
		shareGPU(set, m)
	}
	for name, value := range extra {
		set[name] = value
	}
	set["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID" // what the numbers of the GPUs count by
	set["CUDA_VISIBLE_DEVICES"] = strings.Join(m.GPUs, ",")
	out := make([]string, 0, len(set))
	for name, value := range set {
		if name != "AUTOML_ASSIGNMENT" && name != "AUTOML_SOCKET" {
			out = append(out, name+"="+value)
		}
	}
	slices.Sort(out)
	return out
}

// shareGPU tells a trainer which part of its GPU it may take, in the words of those who would take all of it otherwise: ours, for
// PyTorch's set_per_process_memory_fraction; JAX; TensorFlow, which can only be told to take no more than it needs; and CUDA's
// Multi-Process Service, which holds programs to it where it runs.
func shareGPU(set map[string]string, m Machine) {
	share := strconv.FormatFloat(m.GPUShare, 'g', 4, 64)
	set["AUTOML_GPU_SHARE"] = share
	set["XLA_PYTHON_CLIENT_MEM_FRACTION"] = share
	set["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
	set["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] = strconv.FormatFloat(100*m.GPUShare, 'g', 4, 64)
	if m.GPUMemory <= 0 {
		return
	}
	set["AUTOML_GPU_MEMORY"] = strconv.FormatInt(m.GPUMemory, 10)
	limits := make([]string, len(m.GPUs))
	for i := range limits {
		limits[i] = fmt.Sprintf("%d=%dM", i, m.GPUMemory>>20)
	}
	set["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] = strings.Join(limits, ",")
}

func isAllowed(name string) bool {
	return slices.Contains(allowed, name) ||
		slices.ContainsFunc(allowedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// LookPath finds a program the way the child would: in its own PATH, which may be a virtual environment's.
func LookPath(name string, env []string) (string, error) {
	if strings.ContainsRune(name, filepath.Separator) {
		return name, nil
	}
	path := ""
	for _, entry := range env {
		if value, there := strings.CutPrefix(entry, "PATH="); there {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && filepath.IsAbs(file) && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	if path == "" {
		return "", errors.New("the environment has no PATH")
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}
