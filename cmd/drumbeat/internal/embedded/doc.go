// Package embedded runs the two servers that Drumbeat stands on, a Kafka broker and a PostgreSQL cluster,
// for people who have neither: `drumbeat demo` and tests that want real parts.
//
// Both keep everything below one directory, listen on loopback only, and find their data again when they
// are started a second time on the same directory, also after a kill -9 of the process that ran them:
//
//	broker, err := embedded.StartBroker(filepath.Join(dir, "kafka"), log)
//	defer broker.Close()
//	database, err := embedded.StartPostgres(ctx, filepath.Join(dir, "postgres"), log)
//	defer database.Stop()
//
// A directory belongs to one process at a time, which an advisory lock proves ([ErrInUse]). The lock goes
// with its owner, so whatever still runs on an unlocked directory is a leftover and may be taken over.
//
// The broker lives inside our process (kfake: groups, transactions and log segments on disk, one node).
// It has Kafka's default durability: a produced record survives the death of the process at once, and a
// power cut only after the operating system has written it. PostgreSQL is the machine's own installation,
// run as a child in a session of its own, so that Ctrl-C in a terminal reaches us and not the database:
// the service saves first, and only then is the cluster stopped.
package embedded
