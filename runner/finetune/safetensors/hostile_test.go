package safetensors

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"automl/runner/finetune/memtest"
)

// decode decodes a whole file in memory.
func decode(b []byte) (*File, error) { return Decode(bytes.NewReader(b), int64(len(b))) }

// whole is a valid file of all kinds of tensors.
func whole(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	err := Encode(&b, []Tensor{
		{Name: "w", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
		{Name: "empty", Shape: []int{0, 4}, Data: []float32{}},
		{Name: "step", Ints: []int64{7}},
		{Name: "m", Shape: []int{1}, F64s: []float64{0.5}},
		{Name: "rng", Shape: []int{3}, Bytes: []byte{1, 2, 3}},
	}, map[string]string{"format": "pt"})
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCutOffAnywhere(t *testing.T) {
	b := whole(t)
	if _, err := decode(b); err != nil {
		t.Fatal(err)
	}
	for n := range b {
		if _, err := decode(b[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were read without an error", n, len(b))
		}
	}
	if _, err := decode(append(b, 0)); err == nil {
		t.Error("a byte too many was read without an error")
	}
	// The file is shorter than its size was said to be.
	if _, err := Decode(bytes.NewReader(b[:len(b)-1]), int64(len(b))); err == nil {
		t.Error("a file that shrank was read without an error")
	}
}

// Numbers around 2^63 and other bounds neither overflow nor allocate.
func TestHugeNumbers(t *testing.T) {
	tensor := func(dtype, shape, from, to string) []byte {
		return raw(fmt.Sprintf(`{"a":{"dtype":%q,"shape":[%s],"data_offsets":[%s,%s]}}`, dtype, shape, from, to), make([]byte, 8))
	}
	const max63, max64 = "9223372036854775807", "18446744073709551615"
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"shape of 2^63-1":     {tensor("U8", max63, "0", "8"), `"a": U8[9223372036854775807] needs 9223372036854775807 bytes, its range holds 8`},
		"shape of 2^63":       {tensor("U8", "9223372036854775808", "0", "8"), `"a"`},
		"bytes over 2^63":     {tensor("F64", "1152921504606846976", "0", "8"), `"a": impossible shape`},
		"product is 0 mod 64": {tensor("U8", "4294967296,4294967296", "0", "0"), `"a": impossible shape`},
		"product wraps to 8":  {tensor("U8", "6148914691236517208,3", "0", "8"), `"a": impossible shape`},
		"0 after huge":        {tensor("U8", max63+",0", "0", "8"), `"a": U8`},
		"huge after 0":        {tensor("U8", "0,"+max63+","+max63, "0", "8"), `"a": `},
		"end of 2^63-1":       {tensor("U8", "8", "0", max63), `"a": bytes 0 to 9223372036854775807`},
		"end of 2^64-1":       {tensor("U8", "8", "0", max64), `"a"`},
		"start of 2^63-1":     {tensor("U8", "8", max63, max63), `"a": bytes`},
		"negative start":      {tensor("U8", "8", "-8", "0"), `"a": bytes -8`},
		"backwards":           {tensor("U8", "8", "8", "0"), `"a": bytes 8 to 0`},
		"a fraction":          {tensor("U8", "1.5", "0", "8"), `"a"`},
		"an exponent":         {tensor("U8", "1e30", "0", "8"), `"a"`},
		"header of 2^63":      {binary.LittleEndian.AppendUint64(nil, 1<<63), "header length 9223372036854775808"},
		"header of 2^64-1":    {append(binary.LittleEndian.AppendUint64(nil, math.MaxUint64), make([]byte, 99)...), "header length 18446744073709551615"},
		"header over 1 MiB":   {raw(`{}`+strings.Repeat(" ", maxHeader), nil), "header length 1048578 exceeds the limit of 1048576"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			size := memtest.Allocated(func() { _, err = decode(c.file) })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, expected one with %s", err, c.want)
			}
			if size > 100_000 {
				t.Errorf("%d bytes allocated for a file of %d", size, len(c.file))
			}
		})
	}
}

// Reading allocates the values, which have twice the size of half precision; a header cannot make it much more than itself.
func TestMemoryIsBoundedByTheFile(t *testing.T) {
	const n = 1 << 20
	var header strings.Builder
	for i := range 15_000 {
		fmt.Fprintf(&header, `"%x":{"dtype":"U8","shape":[],"data_offsets":[%d,%d]},`, i, i, i+1)
	}
	for name, c := range map[string]struct {
		file  []byte
		times float64 // of the size of the file
	}{
		"F32":          {raw(fmt.Sprintf(`{"a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, n, 4*n), make([]byte, 4*n)), 1.1},
		"F16":          {raw(fmt.Sprintf(`{"a":{"dtype":"F16","shape":[%d],"data_offsets":[0,%d]}}`, n, 2*n), make([]byte, 2*n)), 2.1},
		"BF16":         {raw(fmt.Sprintf(`{"a":{"dtype":"BF16","shape":[%d],"data_offsets":[0,%d]}}`, n, 2*n), make([]byte, 2*n)), 2.1},
		"many tensors": {raw("{"+strings.TrimSuffix(header.String(), ",")+"}", make([]byte, 15_000)), 30}, // garbage of the JSON decoder; a header has at most 1 MiB
		"metadata":     {raw(`{"__metadata__":{"a":"`+strings.Repeat("x", 900_000)+`"}}`, nil), 6},
		"deep":         {raw(`{"a":`+strings.Repeat("[", 500_000), nil), 6},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			got := memtest.Allocated(func() { _, err = decode(c.file) })
			if float64(got) > c.times*float64(len(c.file)) {
				t.Errorf("%d bytes allocated for a file of %d, %.1f times as many; error %v", got, len(c.file), float64(got)/float64(len(c.file)), err)
			}
		})
	}
}

// All 65,536 values of both half precisions are widened exactly.
func TestHalfPrecisionIsExact(t *testing.T) {
	var data []byte
	for h := range 1 << 16 {
		data = binary.LittleEndian.AppendUint16(data, uint16(h))
	}
	f, err := decode(raw(`{"f":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]},"b":{"dtype":"BF16","shape":[65536],"data_offsets":[131072,262144]}}`,
		append(data, data...)))
	if err != nil {
		t.Fatal(err)
	}
	for h, got := range f.Find("f").Data {
		same(t, "F16", h, got, ieee(h, 5, 10))
	}
	for h, got := range f.Find("b").Data {
		same(t, "BF16", h, got, ieee(h, 8, 7))
	}
}

func same(t *testing.T, kind string, h int, got float32, want float64) {
	t.Helper()
	if float64(got) != want && !(math.IsNaN(want) && got != got) || math.Signbit(float64(got)) != (h>>15 == 1) {
		t.Errorf("%s %#04x: %v, expected %v", kind, h, got, want)
	}
}

// ieee is the value of 16 bits with so many bits of exponent and of fraction (IEEE 754-2019, 3.4).
func ieee(h, exponent, fraction int) float64 {
	e, f := h>>fraction&(1<<exponent-1), float64(h&(1<<fraction-1))/float64(int(1)<<fraction)
	sign, bias := 1-2*float64(h>>15), 1<<(exponent-1)-1
	switch {
	case e == 1<<exponent-1 && f == 0:
		return sign * math.Inf(1)
	case e == 1<<exponent-1:
		return math.NaN()
	case e == 0:
		return sign * math.Ldexp(f, 1-bias)
	}
	return sign * math.Ldexp(1+f, e-bias)
}

// FuzzHeader is FuzzDecode with a header length that is right, so that all effort goes into the header.
func FuzzHeader(f *testing.F) {
	for _, c := range hostile {
		if len(c.file) >= 8 {
			f.Add(string(c.file[8:]), uint16(0))
		}
	}
	for _, header := range []string{
		`{"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]},"__metadata__":{"k":"v"}}`,
		`{"a":{"dtype":"F16","shape":[4],"data_offsets":[8,16]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}`,
		`{"a":{"dtype":"F64","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"U8","shape":[16],"data_offsets":[0,16]}}`,
		`{"a":{"dtype":"BOOL","shape":[9223372036854775807,0],"data_offsets":[0,16]}}`,
	} {
		f.Add(header, uint16(16))
	}
	f.Fuzz(func(t *testing.T, header string, size uint16) {
		file, err := decode(raw(header, make([]byte, size)))
		if err != nil {
			return
		}
		used := int64(0)
		for i := range file.Tensors {
			x := &file.Tensors[i]
			used += int64(x.Len()) * widths[x.DType]
			if n := len(x.Data) + len(x.F64s) + len(x.Ints) + len(x.Bytes); x.DType.decoded() && n != x.Len() {
				t.Errorf("tensor %q: %d values for the shape %v", x.Name, n, x.Shape)
			}
		}
		if used != int64(size) {
			t.Errorf("tensors of %d bytes in %d bytes of data", used, size)
		}
	})
}
