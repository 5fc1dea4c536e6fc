package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"automl/trial"
)

// spool is the file of an attempt's messages. Its first line is a message with number 0 that only says whose it is.
type spool struct {
	file *os.File
	size int64 // of the whole lines in it
}

func spoolName(k trial.Key) string { return fmt.Sprintf("%s-%d-%d.jsonl", k.Study, k.Trial, k.Attempt) }

// createSpool begins the spool of an attempt.
func createSpool(dir string, k trial.Key, run string) (*spool, error) {
	f, err := os.OpenFile(filepath.Join(dir, spoolName(k)), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	s := &spool{file: f}
	if err := errors.Join(s.append(trial.Inbound{Key: k, Run: run}), syncDir(dir)); err != nil {
		s.remove()
		return nil, err
	}
	return s, nil
}

// openSpool reads the spool an earlier run left behind, and cuts off a line it had not finished.
func openSpool(path string) (*spool, []trial.Inbound, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	var messages []trial.Inbound
	size := int64(0)
	for line := range bytes.Lines(data) {
		var m trial.Inbound
		if !bytes.HasSuffix(line, []byte{'\n'}) || json.Unmarshal(line, &m) != nil || m.N != int64(len(messages)) {
			break
		}
		messages = append(messages, m)
		size += int64(len(line))
	}
	if len(messages) == 0 {
		return nil, nil, errors.New("it does not say which attempt it belongs to")
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	s := &spool{file: f, size: size}
	if err := s.cut(); err != nil {
		f.Close()
		return nil, nil, err
	}
	return s, messages, nil
}

// cut removes what is behind the last whole line.
func (s *spool) cut() error {
	_, err := s.file.Seek(s.size, 0)
	return errors.Join(s.file.Truncate(s.size), err)
}

// append writes a message and does not return before it is on the disk.
func (s *spool) append(m trial.Inbound) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	line = append(line, '\n')
	_, err = s.file.Write(line)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		return errors.Join(err, s.cut())
	}
	s.size += int64(len(line))
	return nil
}

// close leaves the spool to the next run.
func (s *spool) close() { s.file.Close() }

// remove ends the spool: everything in it is committed elsewhere, or nobody wants it.
func (s *spool) remove() {
	s.file.Close()
	os.Remove(s.file.Name())
}
