package blas

// Bytes is the memory that a Conv of this geometry will hold once it has run,
// with the gradients it is to compute beside that of the bias: with respect to
// its input and its weights.
func (s ConvShape) Bytes(input, weights bool) (int64, error) {
	if err := s.Check(); err != nil {
		return 0, err
	}
	fwd, in := forwardPlan(s)
	batch := int64(s.Batch)
	sum, tmp := batch*int64(in.dst_stride), int64(0)
	count := func(p *plan) {
		sum += int64(len(p.packed))
		if !p.direct {
			tmp = max(tmp, batch*int64(p.pass.dst_stride))
		}
	}
	count(&fwd)
	if weights && !fwd.r.exact() {
		sum += batch * int64(fwd.pass.dst_stride)
	}
	if input {
		back, grad := inputPlans(s)
		sum += batch * int64(grad.dst_stride)
		for i := range back {
			count(&back[i])
		}
	}
	return 4 * (sum + tmp), nil
}
