// Package model reads pretrained networks and builds their training and
// evaluation graphs on package ops.
//
// Load reads a folder with config.json and model.safetensors and dispatches on
// config.json's model_type. A network is a list of blocks from bottom (input)
// to top (head); blocks are what a freeze schedule trains or freezes, and the
// places where a graph may start or end (frozen-prefix caching).
//
// Duties and promises:
//
//   - Param.Data is the one copy of the weights. Every graph of a Net reads it
//     directly, so a caller that writes it (an optimizer, a checkpoint) has
//     changed every graph. Graphs of one Net must therefore not run at the same
//     time; those of its Clones may.
//   - A Trainer computes loss, logits and gradients, and updates the running
//     statistics of trained blocks. It never changes a weight.
//   - Frozen blocks behave as in evaluation: batch norm uses its running
//     statistics and leaves them alone. Hence running them once per example and
//     training on the result is the same as running them in every step.
//   - Runs are deterministic, and nothing is printed.
//
// A further architecture is one more file: an implementation of arch, and a
// line in loaders.
package model
