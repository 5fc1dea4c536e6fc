package model

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
)

// PrefixSum is a SHA-256 sum of all that decides what blocks 0 to k-1 compute in
// evaluation, but for the rows: architecture, size of the images, weights and
// running statistics. Two networks with the same sum compute the same.
func (n *Net) PrefixSum(k int) ([sha256.Size]byte, error) {
	h := sha256.New()
	c, height, width := n.InputShape()
	text, err := json.Marshal(map[string]any{"type": n.Type(), "config": n.arch.config(), "blocks": k, "input": []int{c, height, width}})
	if err != nil {
		return [sha256.Size]byte{}, fmt.Errorf("model: describe %s: %w", n.Type(), err)
	}
	h.Write(text)
	var buf []byte
	for _, p := range n.params {
		if p.Block >= k {
			continue
		}
		fmt.Fprintf(h, "\n%s %v %d\n", p.Name, p.Shape, len(p.Data))
		const some = 1 << 14 // values at a time
		for at := 0; at < len(p.Data); at += some {
			part := p.Data[at:min(at+some, len(p.Data))]
			if buf, err = binary.Append(buf[:0], binary.LittleEndian, part); err != nil {
				return [sha256.Size]byte{}, fmt.Errorf("model: sum up %s: %w", p.Name, err)
			}
			h.Write(buf)
		}
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}
