#include "shim.h"

#include <ClpConfig.h>
#include <ClpEventHandler.hpp>
#include <ClpSimplex.hpp>
#include <atomic>
#include <cstring>

static ClpSimplex *of(void *model) { return static_cast<ClpSimplex *>(model); }

// Interrupt ends a run at its next iteration or factorization once its flag is set, and changes nothing before.
class Interrupt : public ClpEventHandler {
public:
	explicit Interrupt(std::atomic<int> *flag) : flag(flag) {}
	ClpEventHandler *clone() const override { return new Interrupt(flag); }
	int event(Event e) override {
		bool between = e == endOfIteration || e == endOfFactorization;
		return between && flag->load(std::memory_order_relaxed) ? 0 : -1;
	}

private:
	std::atomic<int> *flag;
};

extern "C" {

void drumbeat_load(void *model, int columns, int rows, const int *start, const int *index, const double *value,
                   const double *lower, const double *upper, const double *cost,
                   const double *row_lower, const double *row_upper) {
	of(model)->loadProblem(columns, rows, start, index, value, lower, upper, cost, row_lower, row_upper);
	of(model)->setOptimizationDirection(1.0);
	of(model)->createStatus();
}

void drumbeat_change(void *model, const double *lower, const double *upper, const double *cost,
                     const double *row_lower, const double *row_upper) {
	ClpSimplex *s = of(model);
	s->chgColumnLower(lower);
	s->chgColumnUpper(upper);
	s->chgObjCoefficients(cost);
	s->chgRowLower(row_lower);
	s->chgRowUpper(row_upper);
}

void drumbeat_settings(void *model, double primal_tolerance, double dual_tolerance) {
	of(model)->setLogLevel(0);
	of(model)->setPrimalTolerance(primal_tolerance);
	of(model)->setDualTolerance(dual_tolerance);
}

void *drumbeat_flag(void *model) {
	auto *flag = new std::atomic<int>(0);
	Interrupt handler(flag);
	of(model)->passInEventHandler(&handler);
	return flag;
}

void drumbeat_set_flag(void *flag, int value) { static_cast<std::atomic<int> *>(flag)->store(value); }

int drumbeat_run(void *model, int primal, int iterations) {
	ClpSimplex *s = of(model);
	// CLP counts iterations from the start of each call.
	s->setMaximumIterations(iterations);
	if (primal)
		s->primal(0, 0);
	else
		s->dual(0, 0);
	return s->status();
}

int drumbeat_iterations(void *model) { return of(model)->numberIterations(); }

void drumbeat_get_status(void *model, unsigned char *status) {
	ClpSimplex *s = of(model);
	int n = s->numberColumns() + s->numberRows();
	const unsigned char *from = s->statusArray();
	for (int i = 0; i < n; i++)
		status[i] = from[i] & 7;
}

void drumbeat_put_status(void *model, const unsigned char *status) { of(model)->copyinStatus(status); }

void drumbeat_solution(void *model, double *x, double *duals, double *reduced) {
	ClpSimplex *s = of(model);
	if (s->numberColumns() > 0) {
		std::memcpy(x, s->primalColumnSolution(), s->numberColumns() * sizeof(double));
		std::memcpy(reduced, s->dualColumnSolution(), s->numberColumns() * sizeof(double));
	}
	if (s->numberRows() > 0)
		std::memcpy(duals, s->dualRowSolution(), s->numberRows() * sizeof(double));
}

void drumbeat_free(void *model, void *flag) {
	delete of(model);
	delete static_cast<std::atomic<int> *>(flag);
}

const char *drumbeat_version(void) { return CLP_VERSION; }
}
