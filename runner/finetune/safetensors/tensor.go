package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"automl/runner/finetune/pages"
)

// DType is an element type in the format's spelling.
type DType string

// The element types whose values this package hands out. Tensors of any other
// type the format knows (see widths) are listed without data.
const (
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
	F64  DType = "F64"
	I64  DType = "I64"
	I32  DType = "I32"
	U8   DType = "U8"
)

// widths holds the bytes per element of every type the format defines.
var widths = map[DType]int64{
	F64: 8, I64: 8, "U64": 8,
	F32: 4, I32: 4, "U32": 4,
	F16: 2, BF16: 2, "I16": 2, "U16": 2,
	U8: 1, "I8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}

// Tensor is one named array in row-major order. At most one of the four data
// fields is set, by type:
//
//	Data   F32, and F16 or BF16 converted on reading
//	F64s   F64
//	Ints   I64, and I32 widened on reading
//	Bytes  U8
//
// On writing, an empty DType is inferred from the field that is set (F32, F64,
// I64 or U8); those four are the types that can be written.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Data  []float32
	F64s  []float64
	Ints  []int64
	Bytes []byte
}

// Len returns the number of elements that the shape describes.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// room makes room for the values of n raw bytes.
func (t *Tensor) room(n int64) {
	count := n / widths[t.DType]
	switch t.DType {
	case F32, F16, BF16:
		t.Data = pages.Huge(make([]float32, count))[:0]
	case F64:
		t.F64s = make([]float64, 0, count)
	case I64, I32:
		t.Ints = make([]int64, 0, count)
	}
}

// append decodes raw bytes, of whole values, and appends them.
func (t *Tensor) append(raw []byte) {
	le := binary.LittleEndian
	switch t.DType {
	case F32:
		t.Data = convert(t.Data, raw, 4, func(b []byte) float32 { return math.Float32frombits(le.Uint32(b)) })
	case F16:
		t.Data = convert(t.Data, raw, 2, func(b []byte) float32 { return halfToFloat(le.Uint16(b)) })
	case BF16:
		// A bfloat16 is the upper half of a float32.
		t.Data = convert(t.Data, raw, 2, func(b []byte) float32 { return math.Float32frombits(uint32(le.Uint16(b)) << 16) })
	case F64:
		t.F64s = convert(t.F64s, raw, 8, func(b []byte) float64 { return math.Float64frombits(le.Uint64(b)) })
	case I64:
		t.Ints = convert(t.Ints, raw, 8, func(b []byte) int64 { return int64(le.Uint64(b)) })
	case I32:
		t.Ints = convert(t.Ints, raw, 4, func(b []byte) int64 { return int64(int32(le.Uint32(b))) })
	}
}

// decoded reports whether decode hands out values of this type.
func (d DType) decoded() bool {
	switch d {
	case F32, F16, BF16, F64, I64, I32, U8:
		return true
	}
	return false
}

// bytesOf is the memory of x.
func bytesOf(x []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(x))), 4*len(x))
}

func convert[T any](out []T, raw []byte, width int, f func([]byte) T) []T {
	for i := 0; i+width <= len(raw); i += width {
		out = append(out, f(raw[i:]))
	}
	return out
}

// littleEndian says that numbers lie in memory as they do in a file.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// halfToFloat widens an IEEE 754 binary16 value exactly.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch {
	case exp == 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
	default: // zero or subnormal: frac * 2^-24 is exact in float32
		v := float32(frac) / (1 << 24)
		return math.Float32frombits(sign | math.Float32bits(v))
	}
}

// encode returns the raw bytes of t for writing, its type settled by settle.
func (t *Tensor) encode() []byte {
	le := binary.LittleEndian
	var out []byte
	switch t.DType {
	case F32:
		out = make([]byte, 0, 4*len(t.Data))
		for _, v := range t.Data {
			out = le.AppendUint32(out, math.Float32bits(v))
		}
	case F64:
		out = make([]byte, 0, 8*len(t.F64s))
		for _, v := range t.F64s {
			out = le.AppendUint64(out, math.Float64bits(v))
		}
	case I64:
		out = make([]byte, 0, 8*len(t.Ints))
		for _, v := range t.Ints {
			out = le.AppendUint64(out, uint64(v))
		}
	case U8:
		out = t.Bytes
	}
	return out
}

// settle infers an empty DType, and checks that the shape matches the data.
func (t *Tensor) settle() error {
	if t.DType == "" {
		switch {
		case t.F64s != nil:
			t.DType = F64
		case t.Ints != nil:
			t.DType = I64
		case t.Bytes != nil:
			t.DType = U8
		default:
			t.DType = F32
		}
	}
	have := 0
	switch t.DType {
	case F32:
		have = len(t.Data)
	case F64:
		have = len(t.F64s)
	case I64:
		have = len(t.Ints)
	case U8:
		have = len(t.Bytes)
	default:
		return fmt.Errorf("safetensors: tensor %q: cannot write type %s (only F32, F64, I64, U8)", t.Name, t.DType)
	}
	for _, d := range t.Shape {
		if d < 0 {
			return fmt.Errorf("safetensors: tensor %q: negative dimension in shape %v", t.Name, t.Shape)
		}
	}
	if t.Len() != have {
		return fmt.Errorf("safetensors: tensor %q: shape %v needs %d values, found %d", t.Name, t.Shape, t.Len(), have)
	}
	return nil
}
