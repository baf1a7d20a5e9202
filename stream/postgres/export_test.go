package postgres

import "time"

// SetPatience makes the store's calls give up earlier.
func (s *Store) SetPatience(d time.Duration) { s.patience = d }
