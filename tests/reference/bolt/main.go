// Writes a bbolt file from JSON lines on standard input: {"p": [bucket, ...], "k": key, "v": value}.
//
//	bolt FILE < LINES
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"log"
	"os"

	bolt "go.etcd.io/bbolt"
)

type entry struct {
	Path  []string        `json:"p"`
	Key   string          `json:"k"`
	Value json.RawMessage `json:"v"`
}

// Entries of one transaction.
const batch = 100_000

func put(tx *bolt.Tx, one entry) error {
	bucket, err := tx.CreateBucketIfNotExists([]byte(one.Path[0]))
	for _, name := range one.Path[1:] {
		if err != nil {
			return err
		}
		bucket, err = bucket.CreateBucketIfNotExists([]byte(name))
	}
	if err != nil {
		return err
	}
	return bucket.Put([]byte(one.Key), one.Value)
}

func main() {
	db, err := bolt.Open(os.Args[1], 0o644, &bolt.Options{NoSync: true, NoFreelistSync: true})
	if err != nil {
		log.Fatal(err)
	}
	lines := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	for more := true; more; {
		err := db.Update(func(tx *bolt.Tx) error {
			for range batch {
				var one entry
				if err := lines.Decode(&one); errors.Is(err, io.EOF) {
					more = false
					return nil
				} else if err != nil {
					return err
				}
				if err := put(tx, one); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		log.Fatal(err)
	}
}
