package store_test
import ("testing";"fmt";"time")
func TestZZ(t *testing.T) {
	dir:=t.TempDir(); db := openIn(t, dir); fill(t, db, "a", 200000)
	fmt.Println(db.Stats(t.Context()))
	c := raw(t, dir)
	for _, q := range []string{"SELECT * FROM trials_v WHERE study='study a'", "SELECT * FROM folds_v WHERE study='study a'", "SELECT * FROM folds_v WHERE study='study a' AND trial=77","SELECT * FROM curves_v WHERE study='study a'", "SELECT * FROM curves_v WHERE study='study a' AND trial=77", "SELECT * FROM studies_v"} {
		s := time.Now(); n := len(query(t, c, q)); fmt.Println(q, n, time.Since(s))
	}
	s := time.Now(); fmt.Println(db.Verify(t.Context())); fmt.Println("verify", time.Since(s))
	s = time.Now(); check(t, db.DeleteStudy(t.Context(), "a")); fmt.Println("delete", time.Since(s))
}
