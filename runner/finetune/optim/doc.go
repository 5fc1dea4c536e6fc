// Package optim moves parameters along their gradients: AdamW, SGD with momentum, Lion and Adafactor, in float32, and the
// learning-rate schedules beside them.
//
// The arithmetic is that of PyTorch, of Transformers' Adafactor and of lion-pytorch; testdata/reference.py records what these do.
// It runs in the kernels of package blas and does not depend on the number of threads. [Optimizer.State] and [Optimizer.Restore] carry every bit over, so that a resumed run equals an uninterrupted one.
//
// Duties of the caller:
//
//   - [Optimizer.Bind] the tensors that train from now on, whenever their set or their buffers change. A tensor bound for the
//     first time begins with empty moments and its own step count; one that is left out keeps what it has.
//   - Fill the gradients, then call [Optimizer.Step] with the learning rate of the step ([Schedule.Factor]).
package optim
