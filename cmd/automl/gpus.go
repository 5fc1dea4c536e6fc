package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// gpus lists the NVIDIA GPUs this process may use: those of CUDA_VISIBLE_DEVICES, else all device nodes.
func gpus() []string {
	if v, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); set {
		return slices.DeleteFunc(strings.Split(v, ","), func(s string) bool { return s == "" || s == "-1" })
	}
	nodes, _ := filepath.Glob("/dev/nvidia[0-9]*")
	var out []string
	for _, n := range nodes {
		out = append(out, strings.TrimPrefix(n, "/dev/nvidia"))
	}
	slices.Sort(out)
	return out
}
