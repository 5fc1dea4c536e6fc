package prefix

import (
	"crypto/sha256"
	"encoding/hex"
)

// Key names a prefix or an example: a SHA-256 sum of all that it stands for.
type Key [sha256.Size]byte

// String is the key in hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }
