# Short names for people who type make; ./check is where the work is.
.PHONY: build check test e2e quickstart test-frameworks fuzz bench golden clean

build:      ; go build -o bin/automl ./cmd/automl
check:      ; ./check
test:       ; ./check format vet lint test
e2e:        ; ./check e2e
quickstart: ; ./check quickstart
test-frameworks: ; ./check frameworks frameworks_more
fuzz:       ; ./check fuzz
bench:      ; go test -run '^$$' -bench . -benchmem ./...
# Rewrite the golden files; read the diff before you commit it.
golden:     ; go test ./schedulers ./configs -update
clean:      ; rm -rf bin
