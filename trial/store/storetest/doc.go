// Package storetest is what every store of records must do, as tests: run them on a database and on a test's own fake.
package storetest
