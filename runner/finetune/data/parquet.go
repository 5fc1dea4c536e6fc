package data

import (
	"encoding/hex"
	"io"
	"math/big"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// parquetRows are the rows of a Parquet file. A column is a plain value or a list of them; others are nested.
type parquetRows struct {
	src    source
	file   *os.File
	names  []string
	leaves []leaf // by the number of the leaf column in the file
	groups []parquet.RowGroup
	rows   parquet.Rows
	buffer []parquet.Row
	ahead  []parquet.Row // read, not handed out
	cells  []cell
	row    int
}

// leaf is a column of the file that holds values, and the column of ours that it belongs to.
type leaf struct {
	column int
	kind   leafKind
	text   func(parquet.Value) string
}

type leafKind int

const (
	single leafKind = iota
	item            // of a list
	part            // of something nested
)

// rowsAhead is how many rows are read at a time.
const rowsAhead = 64

func openParquet(s source) (_ rows, err error) {
	f, err := os.Open(s.file)
	if err != nil {
		return nil, openError(s, err)
	}
	r := &parquetRows{src: s, file: f, buffer: make([]parquet.Row, rowsAhead)}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	defer r.recovered(&err)
	info, err := f.Stat()
	if err != nil {
		return nil, openError(s, err)
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, s.fault(0, "is no Parquet file: %v", err)
	}
	if err := checkPages(f, info.Size(), file.Metadata().RowGroups); err != nil {
		return nil, s.fault(0, "is damaged: %v", err)
	}
	for i, field := range file.Schema().Fields() {
		r.names = append(r.names, field.Name())
		r.addLeaves(field, i)
	}
	r.groups, r.cells = file.RowGroups(), make([]cell, len(r.names))
	return r, nil
}

// recovered turns a panic of the library, which damaged files can bring about, into an error.
func (r *parquetRows) recovered(err *error) {
	if p := recover(); p != nil {
		*err = r.src.fault(r.row, "is damaged: %v", p)
	}
}

// addLeaves lists the leaf columns under a column of ours.
func (r *parquetRows) addLeaves(field parquet.Field, column int) {
	switch element := listElement(field); {
	case field.Leaf():
		kind := single
		if field.Repeated() {
			kind = item
		}
		r.leaves = append(r.leaves, leaf{column, kind, textOf(field.Type())})
	case element != nil:
		r.leaves = append(r.leaves, leaf{column, item, textOf(element.Type())})
	default:
		r.addParts(field, column)
	}
}

func (r *parquetRows) addParts(node parquet.Node, column int) {
	if node.Leaf() {
		r.leaves = append(r.leaves, leaf{column, part, nil})
		return
	}
	for _, f := range node.Fields() {
		r.addParts(f, column)
	}
}

// listElement is the node of the values of a list, which is a group around a repeated group around the values; nil if it is
// none, or one of things with parts.
func listElement(field parquet.Node) parquet.Node {
	if field.Leaf() || field.Repeated() || len(field.Fields()) != 1 {
		return nil
	}
	inner := field.Fields()[0]
	if !inner.Repeated() {
		return nil
	}
	if inner.Leaf() {
		return inner
	}
	if len(inner.Fields()) != 1 || !inner.Fields()[0].Leaf() || inner.Fields()[0].Repeated() {
		return nil
	}
	return inner.Fields()[0]
}

func (r *parquetRows) header() []string { return r.names }

func (r *parquetRows) close() {
	if r.rows != nil {
		_ = r.rows.Close()
	}
	_ = r.file.Close()
}

func (r *parquetRows) next() (_ []cell, _ int, err error) {
	defer r.recovered(&err)
	for len(r.ahead) == 0 {
		if err := r.readAhead(); err != nil {
			return nil, 0, err
		}
	}
	row := r.ahead[0]
	r.ahead = r.ahead[1:]
	r.row++
	clear(r.cells)
	for _, v := range row {
		l := r.leaves[v.Column()]
		c := &r.cells[l.column]
		switch {
		case l.kind == part:
			c.nested = true
		case l.kind == item:
			if c.list == nil {
				c.list = []string{}
			}
			if !v.IsNull() {
				c.list = append(c.list, l.text(v))
			}
		case !v.IsNull():
			c.text = l.text(v)
		}
	}
	return r.cells, r.row, nil
}

// readAhead fills ahead, or opens the next group of rows.
func (r *parquetRows) readAhead() error {
	if r.rows == nil {
		if len(r.groups) == 0 {
			return io.EOF
		}
		r.rows, r.groups = r.groups[0].Rows(), r.groups[1:]
	}
	n, err := r.rows.ReadRows(r.buffer)
	r.ahead = r.buffer[:n]
	if err == io.EOF {
		err = r.rows.Close()
		r.rows = nil
	}
	if err != nil {
		return unreadable(r.src, err)
	}
	return nil
}

// textOf says how values of a type are written as text.
func textOf(t parquet.Type) func(parquet.Value) string {
	logical := t.LogicalType()
	if logical == nil {
		return plainText
	}
	switch l := logical.Value.(type) {
	case *format.DecimalType:
		return func(v parquet.Value) string { return decimal(v, int(l.Scale)) }
	case *format.DateType:
		return func(v parquet.Value) string { return time.Unix(int64(v.Int32())*86400, 0).UTC().Format(time.DateOnly) }
	case *format.TimestampType:
		return func(v parquet.Value) string { return timestamp(v.Int64(), l.Unit) }
	case *format.UUIDType:
		return func(v parquet.Value) string { return hex.EncodeToString(v.ByteArray()) }
	case *format.IntType:
		if !l.IsSigned && t.Kind() == parquet.Int32 {
			return func(v parquet.Value) string { return strconv.FormatUint(uint64(v.Uint32()), 10) }
		}
		if !l.IsSigned {
			return func(v parquet.Value) string { return strconv.FormatUint(v.Uint64(), 10) }
		}
	}
	return plainText
}

// plainText writes a value by its physical type; numbers so that they read back to the same bits.
func plainText(v parquet.Value) string {
	switch v.Kind() {
	case parquet.Boolean:
		return strconv.FormatBool(v.Boolean())
	case parquet.Int32:
		return strconv.FormatInt(int64(v.Int32()), 10)
	case parquet.Int64:
		return strconv.FormatInt(v.Int64(), 10)
	case parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return string(v.ByteArray())
	}
	return v.String()
}

// decimal writes an unscaled integer with its decimal point.
func decimal(v parquet.Value, scale int) string {
	n := new(big.Int)
	switch v.Kind() {
	case parquet.Int32:
		n.SetInt64(int64(v.Int32()))
	case parquet.Int64:
		n.SetInt64(v.Int64())
	default: // big-endian two's complement
		b := v.ByteArray()
		n.SetBytes(b)
		if len(b) > 0 && b[0]&0x80 != 0 {
			n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
		}
	}
	if scale <= 0 {
		return n.String()
	}
	sign := ""
	if n.Sign() < 0 {
		sign = "-"
	}
	digits := n.Abs(n).String()
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	return sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
}

// timestamp writes a time in UTC.
func timestamp(v int64, unit format.TimeUnit) string {
	t := time.UnixMicro(v)
	switch unit.Value.Duration() {
	case time.Millisecond:
		t = time.UnixMilli(v)
	case time.Nanosecond:
		t = time.Unix(0, v)
	}
	return t.UTC().Format(time.RFC3339Nano)
}
