#pragma once
#ifdef __cplusplus
extern "C" {
#endif

// model is a ClpSimplex*. Arrays are copied; infinite bounds are ±DBL_MAX.
void drumbeat_load(void *model, int columns, int rows, const int *start, const int *index, const double *value,
                   const double *lower, const double *upper, const double *cost,
                   const double *row_lower, const double *row_upper);
void drumbeat_change(void *model, const double *lower, const double *upper, const double *cost,
                     const double *row_lower, const double *row_upper);
void drumbeat_settings(void *model, double primal_tolerance, double dual_tolerance);
// drumbeat_flag returns a flag that ends runs while it is not 0. It may be set from any thread.
void *drumbeat_flag(void *model);
void drumbeat_set_flag(void *flag, int value);
int drumbeat_run(void *model, int primal, int iterations);
int drumbeat_iterations(void *model);
void drumbeat_get_status(void *model, unsigned char *status);
void drumbeat_put_status(void *model, const unsigned char *status);
void drumbeat_solution(void *model, double *x, double *duals, double *reduced);
void drumbeat_free(void *model, void *flag);
const char *drumbeat_version(void);

#ifdef __cplusplus
}
#endif
