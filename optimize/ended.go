package optimize

import "context"

// ended is ctx.Err() in every so many-th turn of a loop, nil in the others.
func ended(ctx context.Context, turn, every int) error {
	if turn%every != 0 {
		return nil
	}
	return ctx.Err()
}
