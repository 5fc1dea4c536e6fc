package data

import (
	"math"
	"slices"
)

// Inputs are rows as a network reads them: Fixed ones, or Tokens.
type Inputs interface {
	// Rows is their number.
	Rows() int
}

// Fixed are rows of one size.
type Fixed interface {
	Inputs
	// Size is how many floats the network reads a row.
	Size() int
	// Write writes those of a row into dst, which has Size floats.
	Write(dst []float32, row int)
}

var (
	_ Fixed  = (*Images)(nil)
	_ Fixed  = (*Features)(nil)
	_ Inputs = (*Tokens)(nil)
)

// Encoder turns the columns of a table into numbers for a network. It is fitted on training rows alone, so that nothing of the
// validation rows reaches the network.
type Encoder []Encoding

// Encoding is what an Encoder knows of one column.
type Encoding struct {
	Name string `json:"name"`
	// Mean and Std standardize a number to (v - Mean) / Std, cut off at maxInput; a missing one takes the mean. Std is never 0.
	Mean float64 `json:"mean,omitempty"`
	Std  float64 `json:"std,omitempty"`
	// Levels are the categories, sorted, each one input that is 1 for its rows; a missing value is the category "". Rows of a
	// category that the training rows do not have are 0 in all of them. Nil in a column of numbers.
	Levels []string `json:"levels,omitempty"`
}

// maxInput keeps a stray value from driving the network out of the finite numbers.
const maxInput = 1e4

// width is how many inputs the column becomes.
func (e Encoding) width() int {
	if e.Std > 0 {
		return 1
	}
	return len(e.Levels)
}

// Fit looks at the given rows of a table, at least one.
func (t *Table) Fit(rows []int) Encoder {
	out := make(Encoder, len(t.Columns))
	for i, c := range t.Columns {
		out[i].Name = c.Name
		if c.Numeric() {
			out[i].Mean, out[i].Std = moments(c.Numbers, rows)
			continue
		}
		for _, row := range rows {
			out[i].Levels = append(out[i].Levels, c.Texts[row])
		}
		slices.Sort(out[i].Levels)
		out[i].Levels = slices.Compact(out[i].Levels)
	}
	return out
}

// moments are the mean and the standard deviation (of the population) of the numbers that are there; 0 and 1 when there are
// none, and a deviation of 1 when they are all alike.
func moments(numbers []float64, rows []int) (mean, std float64) {
	n := 0.0
	for _, row := range rows {
		if v := numbers[row]; !math.IsNaN(v) {
			n++
			mean += (v - mean) / n
		}
	}
	for _, row := range rows {
		if v := numbers[row]; !math.IsNaN(v) {
			std += (v - mean) * (v - mean)
		}
	}
	std = math.Sqrt(std / max(n, 1))
	if std <= 1e-12*math.Abs(mean) || std == 0 { // what rounding of the mean alone gives
		std = 1
	}
	return mean, std
}

// Width is how many inputs a row becomes.
func (e Encoder) Width() int {
	n := 0
	for _, c := range e {
		n += c.width()
	}
	return n
}

// Features are the rows of a table, encoded.
type Features struct {
	width  int
	values []float32 // rows x width
}

// Encode encodes all rows of a table that has the columns the encoder was fitted on, as another file read by ReadTest has.
func (e Encoder) Encode(t *Table) *Features {
	f := &Features{width: e.Width()}
	f.values = make([]float32, t.Rows()*f.width)
	at := 0
	for i, c := range e {
		for row := range t.Rows() {
			c.write(f.values[row*f.width+at:], &t.Columns[i], row)
		}
		at += c.width()
	}
	return f
}

// write writes one value, over zeros.
func (e Encoding) write(dst []float32, c *Column, row int) {
	if c.Numeric() {
		if v := c.Numbers[row]; !math.IsNaN(v) {
			dst[0] = float32(min(max((v-e.Mean)/e.Std, -maxInput), maxInput))
		}
		return
	}
	if level, ok := slices.BinarySearch(e.Levels, c.Texts[row]); ok {
		dst[level] = 1
	}
}

// Rows is the number of rows.
func (f *Features) Rows() int { return len(f.values) / f.width }

// Size is how many floats a row has.
func (f *Features) Size() int { return f.width }

// Write copies a row.
func (f *Features) Write(dst []float32, row int) { copy(dst, f.values[row*f.width:(row+1)*f.width]) }
