// Package onnx reads a small neural network from an ONNX file and evaluates it in plain Go: as much of the format and of its
// operators as the surrogates of the benchmarks use, and nothing more. An operator it does not know is an error when the file is
// read, not later.
package onnx
