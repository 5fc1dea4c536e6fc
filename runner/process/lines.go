package process

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"automl/runner/protocol"
)

var errLong = fmt.Errorf("a line of more than %d KiB", protocol.MaxLine>>10)

// readLine reads a line without its end. A longer one than limit is read to its end and dropped: errLong. The last line
// needs no end.
func readLine(in *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	long := false
	for {
		piece, err := in.ReadSlice('\n')
		if long = long || len(line)+len(piece) > limit; !long {
			line = append(line, piece...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && (!errors.Is(err, io.EOF) || len(line) == 0 && !long):
			return nil, err
		case long:
			return nil, errLong
		}
		return bytes.TrimRight(line, "\r\n"), nil
	}
}

// splitter cuts a stream into lines of at most limit bytes; what goes beyond is dropped from the line.
type splitter struct {
	limit int
	line  []byte
	each  func(line []byte)
}

func (s *splitter) write(data []byte) {
	for len(data) > 0 {
		piece, rest, ended := bytes.Cut(data, []byte{'\n'})
		s.line = append(s.line, piece[:min(len(piece), s.limit-len(s.line))]...)
		if ended {
			s.each(s.line)
			s.line = s.line[:0]
		}
		data = rest
	}
}

// end hands out a last line without an end.
func (s *splitter) end() {
	if len(s.line) > 0 {
		s.each(s.line)
		s.line = nil
	}
}
