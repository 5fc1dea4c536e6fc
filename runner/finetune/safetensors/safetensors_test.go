package safetensors

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// raw builds a file from a header and data, without any check.
func raw(header string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestWriteThenRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.safetensors")
	in := []Tensor{
		{Name: "w", Shape: []int{2, 2}, Data: []float32{1, -2, 3.5, float32(math.Inf(1))}},
		{Name: "b", Shape: []int{0}, Data: []float32{}},
		{Name: "step", Ints: []int64{math.MinInt64}},
		{Name: "m", Shape: []int{2}, F64s: []float64{1e-300, 2}},
		{Name: "rng", Shape: []int{3}, Bytes: []byte{1, 2, 3}},
	}
	meta := map[string]string{"format": "pt", "note": "ünïcode"}
	if err := Write(path, in, meta); err != nil {
		t.Fatal(err)
	}
	f, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []Tensor{
		{Name: "b", DType: F32, Shape: []int{0}, Data: []float32{}},
		{Name: "m", DType: F64, Shape: []int{2}, F64s: []float64{1e-300, 2}},
		{Name: "rng", DType: U8, Shape: []int{3}, Bytes: []byte{1, 2, 3}},
		{Name: "step", DType: I64, Shape: []int{}, Ints: []int64{math.MinInt64}},
		{Name: "w", DType: F32, Shape: []int{2, 2}, Data: in[0].Data},
	}
	if d := cmp.Diff(want, f.Tensors); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(meta, f.Metadata); d != "" {
		t.Error(d)
	}
	if f.Find("w") == nil || f.Find("nope") != nil {
		t.Error("Find is wrong")
	}
	left, _ := os.ReadDir(filepath.Dir(path))
	if len(left) != 1 {
		t.Errorf("temporary files left behind: %v", left)
	}
}

func TestReadHalfPrecision(t *testing.T) {
	header := `{"h":{"dtype":"F16","shape":[6],"data_offsets":[0,12]},"z":{"dtype":"BF16","shape":[1],"data_offsets":[12,14]}}`
	le := binary.LittleEndian
	var data []byte
	for _, h := range []uint16{0x3c00, 0xc000, 0x0001, 0x8000, 0x7c00, 0x3555} {
		data = le.AppendUint16(data, h)
	}
	data = le.AppendUint16(data, 0x3fc0)
	b := raw(header, data)
	f, err := Decode(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	want := []float32{1, -2, 1.0 / (1 << 24), float32(math.Copysign(0, -1)), float32(math.Inf(1)), 0.33325195}
	if d := cmp.Diff(want, f.Find("h").Data); d != "" {
		t.Error(d)
	}
	if got := f.Find("z").Data[0]; got != 1.5 {
		t.Errorf("bfloat16: got %v", got)
	}
}

func TestOtherTypesAreListedWithoutData(t *testing.T) {
	b := raw(`{"mask":{"dtype":"BOOL","shape":[2],"data_offsets":[0,2]}}`, []byte{1, 0})
	f, err := Decode(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if m := f.Find("mask"); m.DType != "BOOL" || m.Data != nil || m.Len() != 2 {
		t.Errorf("got %+v", m)
	}
}

// hostile holds malformed files and a word that the error must contain.
var hostile = []struct {
	name, want string
	file       []byte
}{
	{"empty", "too short", nil},
	{"huge header", "exceeds", binary.LittleEndian.AppendUint64(nil, math.MaxUint64)},
	{"header past the end", "exceeds", raw("{}", nil)[:9]},
	{"not an object", "JSON object", raw(`[1]`, nil)},
	{"text after", "after", raw(`{}{}`, nil)},
	{"repeated", "twice", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, []byte{0})},
	{"unknown type", "unknown type", raw(`{"a":{"dtype":"Q9","shape":[1],"data_offsets":[0,1]}}`, []byte{0})},
	{"overflow", "impossible", raw(`{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}`, nil)},
	{"negative", "impossible", raw(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,0]}}`, nil)},
	{"gap", "follow", raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, []byte{0, 0})},
	{"overlap", "follow", raw(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, []byte{0, 0, 0})},
	{"past the data", "follow", raw(`{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}`, []byte{0})},
	{"wrong size", "needs 8", raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, make([]byte, 4))},
	{"left over", "no tensor", raw(`{}`, []byte{0})},
	{"many dimensions", "dimensions", raw(`{"a":{"dtype":"U8","shape":[`+strings.Repeat("1,", 20)+`1],"data_offsets":[0,1]}}`, []byte{0})},
}

func TestHostileFiles(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(bytes.NewReader(c.file), int64(len(c.file)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestWriteRefuses(t *testing.T) {
	for name, ts := range map[string][]Tensor{
		"shape":    {{Name: "a", Shape: []int{3}, Data: []float32{1}}},
		"name":     {{Name: metadataKey, Shape: []int{0}}},
		"twice":    {{Name: "a", Shape: []int{0}}, {Name: "a", Shape: []int{0}}},
		"type":     {{Name: "a", DType: F16, Shape: []int{0}}},
		"negative": {{Name: "a", Shape: []int{-1, -1}, Data: []float32{1}}},
	} {
		if err := Encode(&bytes.Buffer{}, ts, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzDecode checks that no bytes make Decode panic, and that what it accepts
// is consistent.
func FuzzDecode(f *testing.F) {
	for _, c := range hostile {
		f.Add(c.file)
	}
	f.Add(raw(`{"a":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]},"__metadata__":{"k":"v"}}`, make([]byte, 4)))
	f.Add(raw(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   `, make([]byte, 4)))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := Decode(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		for i := range got.Tensors {
			x := &got.Tensors[i]
			if n := len(x.Data) + len(x.F64s) + len(x.Ints) + len(x.Bytes); x.DType.decoded() && n != x.Len() {
				t.Errorf("tensor %q: %d values for shape %v", x.Name, n, x.Shape)
			}
		}
	})
}
