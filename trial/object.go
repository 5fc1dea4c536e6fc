package trial

import (
	"bytes"
	"encoding/json"
	"errors"
)

var errNoObject = errors.New("no JSON object")

// members calls each for the members of a JSON object, in their order and with their doubles, which a map would lose. A number comes as a
// json.Number. What is no object gives errNoObject.
func members(data []byte, each func(name string, value json.Token) error) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errNoObject
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		value, err := dec.Token()
		if err != nil {
			return err
		}
		if err := each(name.(string), value); err != nil {
			return err
		}
	}
	return nil
}
