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
	"TRANSFORMERS_OFFLINE", "TORCH_HOME", "KERAS_HOME", "TFHUB_CACHE_DIR", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"REQUESTS_CA_BUNDLE", "AUTOML_BLAS"}

// allowedPrefixes begin further families of them.
var allowedPrefixes = []string{"LC_", "XDG_", "CUDA_", "NVIDIA_", "NCCL_"}

// Environment builds the environment of a trainer: the allowed part of environ with the names in pass, how many threads to
// use, then extra, which may overrule all of it, and at last the GPUs, which it may not.
func Environment(environ, pass []string, threads int, gpus []string, extra map[string]string) []string {
	set := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if isAllowed(name) || slices.Contains(pass, name) {
			set[name] = value
		}
	}
	for _, name := range []string{"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOMAXPROCS"} {
		set[name] = strconv.Itoa(threads)
	}
	set["PYTHONUNBUFFERED"] = "1" // else a report printed to a pipe arrives when the buffer is full, epochs later
	set["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
	for name, value := range extra {
		set[name] = value
	}
	set["CUDA_VISIBLE_DEVICES"] = strings.Join(gpus, ",")
	out := make([]string, 0, len(set))
	for name, value := range set {
		if name != "AUTOML_ASSIGNMENT" && name != "AUTOML_SOCKET" {
			out = append(out, name+"="+value)
		}
	}
	slices.Sort(out)
	return out
}

func isAllowed(name string) bool {
	return slices.Contains(allowed, name) ||
		slices.ContainsFunc(allowedPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// lookPath finds a program the way the child would: in its own PATH, which may be a virtual environment's.
func lookPath(name string, env []string) (string, error) {
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
