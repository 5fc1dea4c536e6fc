package prefix

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"
	"unsafe"
)

// The layout of a segment, all integers little-endian:
//
//	magic [8]  prefix [32]  entries u64  floats u64  one [4]  zero [4]
//	an entry each: key [32]  start u64  length u64  nanoseconds u64  CRC-32C u32  zero [4]
//	SHA-256 of all before [32]  zero [32]
//	floats x float32
//
// start and length count floats; nanoseconds are what computing the entry took; the CRC is that of its floats. one is the float 1 in
// the order of bytes of the floats, so that a machine with another order takes the file for damaged and not for numbers.
const (
	magic   = "automlP1"
	line    = 64 // bytes of the header, of an entry's line and of the sum's
	oneAt   = 56
	sumSize = sha256.Size
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errDamaged is why a segment is not used.
var errDamaged = errors.New("damaged")

// slot is an entry's line.
type slot struct {
	key           Key
	start, length int // in floats
	cost          time.Duration
	sum           uint32
}

// index is everything before the floats of a segment.
func index(prefix Key, slots []slot, floats int) []byte {
	b := make([]byte, 0, (len(slots)+2)*line)
	b = append(append(b, magic...), prefix[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(slots)))
	b = binary.LittleEndian.AppendUint64(b, uint64(floats))
	b = append(append(b, octets([]float32{1})...), 0, 0, 0, 0)
	for _, s := range slots {
		b = append(b, s.key[:]...)
		b = binary.LittleEndian.AppendUint64(b, uint64(s.start))
		b = binary.LittleEndian.AppendUint64(b, uint64(s.length))
		b = binary.LittleEndian.AppendUint64(b, uint64(s.cost))
		b = binary.LittleEndian.AppendUint32(b, s.sum)
		b = append(b, 0, 0, 0, 0)
	}
	sum := sha256.Sum256(b)
	return append(append(b, sum[:]...), make([]byte, line-sumSize)...)
}

// parse reads a segment, but for the sums of its entries.
func parse(b []byte, prefix Key) ([]slot, []float32, error) {
	if len(b) < 2*line || string(b[:len(magic)]) != magic || !bytes.Equal(b[oneAt:oneAt+4], octets([]float32{1})) {
		return nil, nil, fmt.Errorf("%w: no segment of this version and machine", errDamaged)
	}
	if !bytes.Equal(b[8:40], prefix[:]) {
		return nil, nil, fmt.Errorf("%w: a segment of another prefix", errDamaged)
	}
	entries, floats := binary.LittleEndian.Uint64(b[40:]), binary.LittleEndian.Uint64(b[48:])
	if entries > uint64(len(b))/line || floats > uint64(len(b))/4 || (entries+2)*line+4*floats != uint64(len(b)) {
		return nil, nil, fmt.Errorf("%w: %d bytes are not those of %d entries with %d values", errDamaged, len(b), entries, floats)
	}
	end := (int(entries) + 1) * line
	if sum := sha256.Sum256(b[:end]); !bytes.Equal(sum[:], b[end:end+sumSize]) {
		return nil, nil, fmt.Errorf("%w: the sum of its index is another", errDamaged)
	}
	slots := make([]slot, entries)
	for i := range slots {
		l := b[(i+1)*line:]
		start, length, cost := binary.LittleEndian.Uint64(l[32:]), binary.LittleEndian.Uint64(l[40:]), binary.LittleEndian.Uint64(l[48:])
		if start > floats || length > floats-start || cost > math.MaxInt64 {
			return nil, nil, fmt.Errorf("%w: entry %d lies outside of it", errDamaged, i)
		}
		slots[i] = slot{key: Key(l[:32]), start: int(start), length: int(length), cost: time.Duration(cost), sum: binary.LittleEndian.Uint32(l[56:])}
	}
	return slots, floatsOf(b[end+line:]), nil
}

// sumOf is the CRC of an entry's floats.
func sumOf(values []float32) uint32 { return crc32.Checksum(octets(values), castagnoli) }

// octets is the memory of floats.
func octets(f []float32) []byte {
	if len(f) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&f[0])), 4*len(f))
}

// floatsOf is memory as floats; its length is a multiple of 4, and it begins at one.
func floatsOf(b []byte) []float32 {
	if len(b) == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&b[0])), len(b)/4)
}
