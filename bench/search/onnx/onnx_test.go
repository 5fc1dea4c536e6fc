package onnx

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The pieces of a protobuf message.
func num(tag int, v uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(tag)<<3), v)
}

func text(tag int, b []byte) []byte {
	out := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(tag)<<3|2), uint64(len(b)))
	return append(out, b...)
}

func join(parts ...[]byte) (out []byte) {
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func tensor(name string, dims []uint64, values ...float32) []byte {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	var shape []byte
	for _, d := range dims {
		shape = append(shape, num(1, d)...)
	}
	return join(shape, num(2, typeFloat), text(8, []byte(name)), text(9, raw))
}

func integers(name string, dims []uint64, values ...int64) []byte {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	var shape []byte
	for _, d := range dims {
		shape = append(shape, num(1, d)...)
	}
	return join(shape, num(2, typeInt64), text(8, []byte(name)), text(9, raw))
}

func float(tag int, v float32) []byte {
	return binary.LittleEndian.AppendUint32(binary.AppendUvarint(nil, uint64(tag)<<3|5), math.Float32bits(v))
}

func attribute(name string, value []byte) []byte { return text(5, join(text(1, []byte(name)), value)) }

func operation(op, out string, in []string, attributes ...[]byte) []byte {
	var b []byte
	for _, i := range in {
		b = append(b, text(1, []byte(i))...)
	}
	return text(1, join(b, text(2, []byte(out)), text(4, []byte(op)), join(attributes...)))
}

// model writes a graph to a file whose output is y, and reads it.
func model(t *testing.T, parts ...[]byte) (*Model, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.onnx")
	graph := join(join(parts...), text(12, text(1, []byte("y"))))
	if err := os.WriteFile(path, join(num(1, 7), text(7, graph)), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(path)
}

// TestSmallNetwork evaluates a network by hand: y = relu(x W' + b) over two columns, of which the second is taken.
func TestSmallNetwork(t *testing.T) {
	m, err := model(t,
		text(5, tensor("w", []uint64{2, 3}, 1, 2, 3, -1, 0, 1)), text(5, tensor("b", []uint64{2}, 0.5, -1)),
		operation("Gemm", "h", []string{"x", "w", "b"}, attribute("alpha", float(2, 1)), attribute("beta", float(2, 1)), attribute("transB", num(3, 1))),
		operation("Relu", "r", []string{"h"}),
		operation("Constant", "one", nil, attribute("value", text(5, integers("", nil, 1)))),
		operation("Gather", "column", []string{"r", "one"}, attribute("axis", num(3, 1))),
		operation("Constant", "axes", nil, attribute("value", text(5, integers("", []uint64{1}, 1)))),
		operation("Unsqueeze", "u", []string{"column", "axes"}),
		operation("Concat", "y", []string{"u", "r"}, attribute("axis", num(3, 1))))
	if err != nil {
		t.Fatal(err)
	}
	y, err := m.Eval(map[string]*Tensor{"x": {Dims: []int{2, 3}, Floats: []float32{1, 1, 1, 3, 0, 5}}})
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{0, 6.5, 0, 1, 18.5, 1}
	if len(y.Dims) != 2 || y.Dims[0] != 2 || y.Dims[1] != 3 || len(y.Floats) != 6 {
		t.Fatalf("shape %v", y.Dims)
	}
	for i, v := range want {
		if y.Floats[i] != v {
			t.Errorf("y[%d] = %v, want %v", i, y.Floats[i], v)
		}
	}
	if _, err := m.Eval(nil); err == nil || !strings.Contains(err.Error(), `"x"`) {
		t.Errorf("without input: %v", err)
	}
	if _, err := m.Eval(map[string]*Tensor{"x": {Dims: []int{1, 2}, Floats: []float32{1, 1}}}); err == nil {
		t.Error("an input of the wrong width is accepted")
	}
}

// TestBadFiles refuses what it cannot evaluate.
func TestBadFiles(t *testing.T) {
	if _, err := model(t, operation("Conv", "y", []string{"x"})); err == nil || !strings.Contains(err.Error(), "Conv") {
		t.Errorf("an unknown operator: %v", err)
	}
	if _, err := model(t, text(5, join(num(1, 2), num(2, typeFloat), text(9, make([]byte, 7))))); err == nil {
		t.Error("a tensor that is cut off is accepted")
	}
	path := filepath.Join(t.TempDir(), "bad.onnx")
	for _, data := range []string{"\x3a\xff", "\x3a\x05ab", "\x3f", "\x09abc", "\x0dab", "\x08"} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(path); err == nil {
			t.Errorf("%q is read", data)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "absent.onnx")); err == nil {
		t.Error("an absent file is read")
	}
}
