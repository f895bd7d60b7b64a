/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two integrals of one window.
 */
#include "analysis/trace/integral.h"

#include <math.h>

int integral_compare(const struct integral *meter, const struct integral *stream,
		     struct integral_comparison *ret_comparison)
{
	struct integral_comparison found;

	if (!isfinite(meter->value) || !isfinite(stream->value) ||
	    !(stream->coverage > 0 && stream->coverage <= 1) ||
	    !(meter->coverage > 0 && meter->coverage <= 1))
		return ANALYSIS_BAD_ARGUMENT;
	if (!isfinite(meter->u) || meter->u < 0 || !isfinite(stream->u) || stream->u < 0)
		return ANALYSIS_BAD_UNCERTAINTY;
	found.difference = meter->value - stream->value;
	found.u_difference = hypot(meter->u, stream->u);
	found.difference_rel = meter->value != 0 ? found.difference / meter->value : 0;
	found.normalised = found.u_difference > 0 ? found.difference / found.u_difference : 0;
	found.lost_value = stream->value * (meter->coverage / stream->coverage - 1);
	found.agree = fabs(found.difference) <= INTEGRAL_COVERAGE * found.u_difference;
	found.agree_with_lost =
		fabs(found.difference - found.lost_value) <= INTEGRAL_COVERAGE * found.u_difference;
	*ret_comparison = found;
	return 0;
}
