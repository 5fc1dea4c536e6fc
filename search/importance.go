package search

import (
	"cmp"
	"slices"

	"automl/search/gp"
	"automl/trial"
)

// Sizes of the model of importances.
const (
	leastImportance = 10  // trials with a value before anything is said
	mostImportance  = 300 // trials that are looked at, evenly over the study: so many have an exact posterior
)

// ImportanceOf is how much each parameter matters: Sobol' indices, or functional ANOVA (Hutter, Hoos, Leyton-Brown 2014), of a
// Gaussian process of all trials, each with what it would be worth at the end, on a scale that tells the best values apart most finely.
// With several objectives it is about the leading one. Nil when there are too few trials with a value, or nothing is searched.
// The result is a function of the record.
func ImportanceOf(s Space, state *trial.State) *trial.Importances {
	h := newHistory(s)
	h.sync(state)
	h.score(state)
	all, f, _ := h.observations(state, state.Seq)
	names, groups := h.codec.groups()
	if len(f.trials) < leastImportance || len(names) == 0 {
		return nil
	}
	space := modelSpace(h.codec)
	m := gp.NewModel(&space, thinned(all, mostImportance), gp.Options{Warp: gp.Standard}, nil)
	out := &trial.Importances{Trials: len(f.trials)}
	out.Predicts, _ = m.Predicts()
	for i, q := range m.Indices(groups, state.Study.Seed) {
		out.Parameters = append(out.Parameters, trial.Importance{Parameter: names[i], Main: q.Main, Total: q.Total})
	}
	slices.SortStableFunc(out.Parameters, func(a, b trial.Importance) int { return cmp.Compare(b.Total, a.Total) })
	return out
}

// thinned is at most n of the observations, evenly over the study, without what is pending.
func thinned(o gp.Observations, n int) gp.Observations {
	all := make([]int, len(o.X))
	for i := range all {
		all[i] = i
	}
	var out gp.Observations
	for _, i := range thin(all, n) {
		out.X, out.Y, out.Noise = append(out.X, o.X[i]), append(out.Y, o.Y[i]), append(out.Noise, o.Noise[i])
	}
	return out
}

// groups are the coordinates of each parameter that has more than one value, in the order of the space.
func (c *Codec) groups() (names []string, groups [][]int) {
	dimOf := make([]int, len(c.dims))
	for d, i := range c.layout.order {
		dimOf[i] = d
	}
	for i, p := range c.layout.parameters {
		if c.dims[dimOf[i]].Values == 1 {
			continue
		}
		name := cmp.Or(p.Freeze, p.Name)
		k := slices.Index(names, name)
		if k < 0 {
			k = len(names)
			names, groups = append(names, name), append(groups, nil)
		}
		groups[k] = append(groups[k], dimOf[i])
	}
	return names, groups
}
