package train

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"automl/runner/finetune/blas"
	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/prefix"
	"automl/trial"
)

// prefixBatch is how many rows go through the frozen blocks at a time.
const prefixBatch = 32

// cache is what comes out of the network's bottom blocks while they are frozen, one entry a row. It takes the activations' size
// times 4 bytes a row: at 32x32 a row of ResNet-8 takes 64 KiB above its stem, and 256 bytes below its head; a text of 32 tokens
// takes 48 KiB between layers of 384 units.
type cache struct {
	set     *prefix.Set
	per     int             // floats a row, or of texts a token
	texts   *data.Tokens    // entries have a vector for each token of these; nil: one for each row
	entries []*prefix.Entry // by row; nil: not cached
	fresh   []bool          // by row: it was computed, and not used since
	use     trial.CacheUse
	err     error // of the first entry that could not be read
}

// Size is that of an entry, where all have one size.
func (c *cache) Size() int { return c.per }

// Write copies the entry of a row.
func (c *cache) Write(dst []float32, row int) {
	e := c.entries[row]
	if err := e.Read(dst); err != nil && c.err == nil {
		c.err = err
	}
	if c.fresh[row] {
		c.fresh[row] = false
		c.use.Misses++
		return
	}
	c.use.Hits++
	c.use.Saved += e.Cost().Seconds()
}

// append appends the entry of a row.
func (c *cache) append(dst []float32, row int) []float32 {
	n := len(dst)
	dst = slices.Grow(dst, c.entries[row].Len())[:n+c.entries[row].Len()]
	c.Write(dst[n:], row)
	return dst
}

func (c *cache) close() error { return c.set.Close() }

// feed feeds graphs that begin above the frozen blocks.
func (c *cache) feed(batch int) feed {
	if c.texts != nil {
		return cached{&activations{cache: c, texts: c.texts}, c}
	}
	return cached{newFixed(c, batch), c}
}

// cached is a feed from a cache, which may turn out to be damaged.
type cached struct {
	feed
	cache *cache
}

func (f cached) step(g *model.Trainer, rows []int, y *goal, step uint64) (float64, []float32, error) {
	loss, outputs, err := f.feed.step(g, rows, y, step)
	return loss, outputs, errors.Join(err, f.cache.err)
}

func (f cached) outputs(g *model.Evaluator, rows []int) ([]float32, error) {
	out, err := f.feed.outputs(g, rows)
	return out, errors.Join(err, f.cache.err)
}

// length is how many floats the entry of a row has.
func (c *cache) length(row int) int {
	if c.texts != nil {
		return c.texts.Len(row) * c.per
	}
	return c.per
}

// newCache takes what a store has of the given rows' way through the bottom k blocks, and computes what it lacks, batch rows at a
// time. It returns nil without a store, and where that has no room.
func newCache(store *prefix.Store, net *model.Net, in data.Inputs, rows []int, k, batch int) (*cache, error) {
	if store == nil {
		return nil, nil
	}
	key, err := prefixKey(net, k)
	if err != nil {
		return nil, err
	}
	ch, h, w := net.PrefixShape(k)
	c := &cache{set: store.Set(key), per: ch * h * w, entries: make([]*prefix.Entry, in.Rows()), fresh: make([]bool, in.Rows())}
	if net.PerToken(k) {
		c.texts, _ = in.(*data.Tokens)
	}
	missing, floats := c.find(in, rows)
	if !c.set.Fits(floats) {
		return nil, c.close()
	}
	if len(missing) > 0 {
		err = c.fill(store, net, in, missing, k, batch)
	}
	if errors.Is(err, prefix.ErrFull) {
		return nil, c.close()
	}
	if err != nil {
		return nil, errors.Join(err, c.close())
	}
	return c, nil
}

// prefixKey is the key of the bottom k blocks. Kernels differ in the last bits, and what one has computed must not replace what
// another would.
func prefixKey(net *model.Net, k int) (prefix.Key, error) {
	sum, err := net.PrefixSum(k)
	if err != nil {
		return prefix.Key{}, err
	}
	return sha256.Sum256(fmt.Appendf(nil, "%x float32 %s", sum, blas.Kernel())), nil
}

// rowKey is the key of a row: of what the network reads of it. What lies before, file, tokenizer, cutting and scaling, shows in that.
func rowKey(in data.Inputs, row int, buf []byte) (prefix.Key, []byte) {
	buf = buf[:0]
	switch in := in.(type) {
	case *data.Tokens:
		ids, types := in.Row(row)
		buf, _ = binary.Append(buf, binary.LittleEndian, ids) // slices of numbers have a size
		buf, _ = binary.Append(buf, binary.LittleEndian, types)
	case data.Fixed:
		x := make([]float32, in.Size())
		in.Write(x, row)
		buf, _ = binary.Append(buf, binary.LittleEndian, x)
	}
	return sha256.Sum256(buf), buf
}

// find takes the entries that there are, and returns the rows that have none, and how many floats theirs will have.
func (c *cache) find(in data.Inputs, rows []int) (missing []missingRow, floats int64) {
	var buf []byte
	var key prefix.Key
	for _, row := range rows {
		key, buf = rowKey(in, row, buf)
		if c.entries[row] = c.set.Find(key); c.entries[row] == nil {
			missing = append(missing, missingRow{row, key})
			floats += int64(c.length(row))
		}
	}
	return missing, floats
}

type missingRow struct {
	row int
	key prefix.Key
}

// fill computes the entries of rows.
func (c *cache) fill(store *prefix.Store, net *model.Net, in data.Inputs, rows []missingRow, k, batch int) error {
	graph, err := net.NewPrefix(k, batch)
	if err != nil {
		return fmt.Errorf("build the frozen blocks: %w", err)
	}
	defer graph.Close()
	f, err := newFeed(in, batch)
	if err != nil {
		return err
	}
	some := make([]int, 0, batch)
	for part := range slices.Chunk(rows, batch) {
		some = some[:0]
		for _, m := range part {
			some = append(some, m.row)
		}
		began := store.Now()
		out, err := f.outputs(graph, some)
		if err != nil {
			return fmt.Errorf("run the frozen blocks: %w", err)
		}
		took := store.Now().Sub(began).Seconds() / float64(len(out)) // a float
		for _, m := range part {
			n := c.length(m.row)
			cost := time.Duration(took * float64(n) * float64(time.Second))
			if c.entries[m.row], err = c.set.Add(m.key, out[:n], cost); err != nil {
				return err
			}
			c.fresh[m.row] = true
			out = out[n:]
		}
	}
	return c.set.Flush()
}
