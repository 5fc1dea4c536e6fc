package trial

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// SplitKind is how rows are dealt to folds.
type SplitKind string

// The kinds of split.
const (
	Stratified SplitKind = "stratified" // every fold has each class in the same share
	Plain      SplitKind = "plain"
	Group      SplitKind = "group" // rows of one group share a fold
	Fixed      SplitKind = "fixed" // rows name the fold they are held out in
)

// FoldPlan says how the folds of a study are drawn. They are a function of the plan and the rows' labels or groups alone, so
// every trainer in any language draws the same ones, and proves it by sending the hash.
type FoldPlan struct {
	K      int       `json:"k"` // 1 means one hold-out of a fifth of the rows
	Split  SplitKind `json:"split"`
	Column string    `json:"column,omitempty"` // what stratified and group look at; default: the label
	Seed   uint64    `json:"seed"`
	Hash   string    `json:"hash,omitempty"` // of the first draw (folds 0..K-1), once a trainer has sent it
}

// holdoutParts is how many parts a single hold-out is drawn from: one of five is held out.
const holdoutParts = 5

// parts is the number of groups the rows are dealt to.
func (p FoldPlan) parts() int {
	if p.K == 1 {
		return holdoutParts
	}
	return p.K
}

// Draw returns, for each row, the part it is held out in during repetition number repeat: repetition r serves the folds
// r*K .. r*K+K-1, part f-r*K being the validation rows of fold f. keys has one entry a row: its class (stratified), its group
// (group), the fold it is held out in (fixed; empty: none, it always trains) or anything (plain). A part of -1 is held out never.
//
// Rows are ordered by SHA-256(seed, repeat, row) and dealt in turn; stratified deals class by class, going on with the part
// at which the class before ended, so that neither fold sizes nor class shares differ by more than one; group deals whole
// groups, largest first, each to the part with the fewest rows; fixed numbers the names of the folds in their order (of numbers,
// where all are whole ones, else of bytes), the same in every repetition.
func (p FoldPlan) Draw(keys []string, repeat int) ([]int, error) {
	n, parts := len(keys), p.parts()
	if p.Split == Fixed {
		return p.drawFixed(keys)
	}
	if n < parts {
		return nil, fmt.Errorf("%d rows cannot be cut into %d folds", n, parts)
	}
	if p.Split == Group {
		return p.drawGroups(keys, repeat)
	}
	order := make([]int, n)
	ranks := make([][32]byte, n)
	for i := range order {
		order[i] = i
		ranks[i] = rank(p.Seed, repeat, uint64(i), "")
	}
	slices.SortFunc(order, func(a, b int) int {
		if p.Split == Stratified {
			if c := cmp.Compare(keys[a], keys[b]); c != 0 {
				return c
			}
		}
		return bytes.Compare(ranks[a][:], ranks[b][:])
	})
	out := make([]int, n)
	for i, row := range order {
		out[row] = i % parts
	}
	return out, nil
}

func (p FoldPlan) drawGroups(keys []string, repeat int) ([]int, error) {
	size := map[string]int{}
	for _, k := range keys {
		size[k]++
	}
	groups := make([]string, 0, len(size))
	for k := range size {
		groups = append(groups, k)
	}
	if len(groups) < p.parts() {
		return nil, fmt.Errorf("%d groups cannot be cut into %d folds", len(groups), p.parts())
	}
	ranks := make(map[string][32]byte, len(groups))
	for _, k := range groups {
		ranks[k] = rank(p.Seed, repeat, 0, k)
	}
	slices.SortFunc(groups, func(a, b string) int {
		ra, rb := ranks[a], ranks[b]
		return cmp.Or(cmp.Compare(size[b], size[a]), bytes.Compare(ra[:], rb[:]))
	})
	rows := make([]int, p.parts())
	part := make(map[string]int, len(groups))
	for _, k := range groups {
		least := 0
		for i := range rows {
			if rows[i] < rows[least] {
				least = i
			}
		}
		part[k] = least
		rows[least] += size[k]
	}
	out := make([]int, len(keys))
	for i, k := range keys {
		out[i] = part[k]
	}
	return out, nil
}

func (p FoldPlan) drawFixed(keys []string) ([]int, error) {
	names := slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return k == "" })
	SortNames(names)
	names = slices.Compact(names)
	if len(names) != p.K {
		return nil, fmt.Errorf("%d folds are named, but k is %d", len(names), p.K)
	}
	part := map[string]int{"": -1}
	for i, name := range names {
		part[name] = i
	}
	out := make([]int, len(keys))
	for i, k := range keys {
		out[i] = part[k]
	}
	return out, nil
}

// SortNames sorts names as people do: by number when all are whole numbers, by bytes otherwise.
func SortNames(names []string) {
	slices.Sort(names) // "1" and "01" are two
	number := make(map[string]int64, len(names))
	for _, n := range names {
		v, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return
		}
		number[n] = v
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(number[a], number[b]) })
}

// Fold returns the training and the validation rows of one fold, each in ascending order. Folds from K on are fresh draws.
func (p FoldPlan) Fold(keys []string, fold int) (train, valid []int, err error) {
	part, err := p.Draw(keys, fold/p.K)
	if err != nil {
		return nil, nil, err
	}
	for i, at := range part {
		if at == fold%p.K {
			valid = append(valid, i)
		} else {
			train = append(train, i)
		}
	}
	return train, valid, nil
}

// ManifestHash is the hash of the first draw: SHA-256 over the part of each row as little-endian 32-bit numbers, in hex.
func (p FoldPlan) ManifestHash(keys []string) (string, error) {
	part, err := p.Draw(keys, 0)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	var b [4]byte
	for _, at := range part {
		binary.LittleEndian.PutUint32(b[:], uint32(at))
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// rank is the sort key of a row or a group: SHA-256 over seed, repeat and row as little-endian 64-bit numbers, then the group.
func rank(seed uint64, repeat int, row uint64, group string) [32]byte {
	var b [24]byte
	binary.LittleEndian.PutUint64(b[0:], seed)
	binary.LittleEndian.PutUint64(b[8:], uint64(repeat))
	binary.LittleEndian.PutUint64(b[16:], row)
	return sha256.Sum256(append(b[:], group...))
}
