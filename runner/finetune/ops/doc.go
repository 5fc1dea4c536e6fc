// Package ops holds the network operations of the built-in trainer: fused
// forward and backward kernels wrapped as Gorgonia ops, so that Gorgonia's
// graph, symbolic differentiation and tape machine drive them.
//
// A Builder makes one static graph for one batch size:
//
//	b := ops.NewBuilder[float32](32)
//	x := b.Input("x", xs, 32, 3, 16, 16)
//	w := b.Param("w", ws, true, 16, 3, 3, 3)
//	y := b.Conv2D(x, w, nil, ops.ConvConfig{StrideH: 1, StrideW: 1})
//	...
//	grads, err := b.Gradients(loss, w)
//	run, err := b.Compile()
//	err = run.Run(rows, step) // forward and backward on the first rows rows
//
// Duties and promises:
//
//   - Every operation owns its output and gradient buffers for the life of the
//     graph; a run allocates no tensors for them. Inputs and parameters alias the
//     caller's slices: what the caller writes there, the next run sees.
//   - A gradient is computed only if a trainable parameter lies below it. The
//     input gradient of the first convolution, or of the lowest trained block
//     above a frozen prefix, costs nothing.
//   - Runs are deterministic: no clock, no global randomness, and sums in an
//     order that does not depend on goroutine timing. Dropout masks are a
//     function of (seed, step, the dropout's number in the network).
//   - Texts are packed: their activations have one row per token, the sequences
//     of a batch one behind the other without padding (Sequences). The number of
//     tokens may differ from run to run, up to what the graph was built for.
//   - Only the first rows rows of a batch are computed; what lies beyond is
//     padding, and enters no sum, batch statistic or gradient.
//
// Operations are generic over float32, which runs on package blas, and
// float64, plain loops that the tests check against finite differences and
// that are in turn the yardstick for float32.
//
// Builder methods keep the first error and return nil nodes after it, so that
// a model reads as a list of layers; Err, Gradients and Compile report it. One
// graph must not run in two goroutines at once, and graphs that share
// parameters must not run at the same time.
package ops
