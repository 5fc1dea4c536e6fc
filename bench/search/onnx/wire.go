package onnx

import (
	"encoding/binary"
	"errors"
)

// field is one entry of a protobuf message: a number, or bytes.
type field struct {
	tag  int
	num  uint64 // of a varint or of a fixed number
	data []byte // of a string, a message or a packed list
}

var errWire = errors.New("not a protobuf message")

// fields splits a message into its entries, in order.
func fields(b []byte) ([]field, error) {
	var out []field
	for len(b) > 0 {
		head, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, errWire
		}
		b = b[n:]
		f := field{tag: int(head >> 3)}
		switch head & 7 {
		case 0:
			if f.num, n = binary.Uvarint(b); n <= 0 {
				return nil, errWire
			}
		case 1:
			if n = 8; len(b) < n {
				return nil, errWire
			}
			f.num = binary.LittleEndian.Uint64(b)
		case 2:
			size, k := binary.Uvarint(b)
			if k <= 0 || size > uint64(len(b)-k) {
				return nil, errWire
			}
			f.data, n = b[k:k+int(size)], k+int(size)
		case 5:
			if n = 4; len(b) < n {
				return nil, errWire
			}
			f.num = uint64(binary.LittleEndian.Uint32(b))
		default:
			return nil, errWire
		}
		b = b[n:]
		out = append(out, f)
	}
	return out, nil
}

// ints is the numbers of a repeated integer field: one, or a packed list.
func (f field) ints() []int64 {
	if f.data == nil {
		return []int64{int64(f.num)}
	}
	var out []int64
	for b := f.data; len(b) > 0; {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			break
		}
		out, b = append(out, int64(v)), b[n:]
	}
	return out
}
