package store_test

import (
	"automl/search/daemon"
	"automl/trial/store"
)

var _ daemon.Store = (*store.DB)(nil)
