package model

import (
	"regexp"
	"strconv"
	"strings"
)

// What a ResNet's tensors are called in a network with a head. Files of networks
// without one lack the base.
const (
	resnetBase = "resnet."
	resnetHead = "classifier.1"
)

// inStage is a tensor's name within a stage.
var inStage = regexp.MustCompile(`^resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.(layer\.(\d+)|shortcut)\.(convolution|normalization)\.(.*)$`)

// torchvisionName is torchvision's name of a tensor.
func torchvisionName(name string) string {
	if rest, ok := strings.CutPrefix(name, resnetHead+"."); ok {
		return "fc." + rest
	}
	if rest, ok := strings.CutPrefix(name, resnetBase+"embedder.embedder.convolution."); ok {
		return "conv1." + rest
	}
	if rest, ok := strings.CutPrefix(name, resnetBase+"embedder.embedder.normalization."); ok {
		return "bn1." + rest
	}
	m := inStage.FindStringSubmatch(name)
	if m == nil {
		return name
	}
	part := map[string]string{"convolution": "downsample.0", "normalization": "downsample.1"}[m[5]]
	if m[4] != "" {
		part = map[string]string{"convolution": "conv", "normalization": "bn"}[m[5]] + next(m[4])
	}
	return "layer" + next(m[1]) + "." + m[2] + "." + part + "." + m[6]
}

// next is the number after a number.
func next(n string) string {
	i, _ := strconv.Atoi(n) // digits, by the pattern
	return strconv.Itoa(i + 1)
}
