/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Arguments of the LPM01A's commands. See the header.
 */
#include "rigs/virtual/meters/lpm01a_arguments.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool lpm01a_is(const char *argument, const char *word)
{
	return argument && strcmp(argument, word) == 0;
}

static bool parse_power_of_ten(const char *text, int *ret_power)
{
	char *end;

	if ((*text != '+' && *text != '-') || text[1] < '0' || text[1] > '9')
		return false;
	*ret_power = (int)strtol(text, &end, 10);
	return *end == '\0' && end - text <= 3;
}

bool lpm01a_parse_number(const char *text, double *ret_value)
{
	static const struct {
		const char *suffix;
		int power;
	} suffixes[] = {{"", 0}, {"n", -9}, {"u", -6}, {"m", -3}, {"k", 3}};
	size_t digits = strspn(text, "0123456789");
	const char *suffix = text + digits;
	int power;

	if (digits == 0 || digits > 9)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (lpm01a_is(suffix, suffixes[i].suffix)) {
			*ret_value = strtod(text, NULL) * pow(10, suffixes[i].power);
			return true;
		}
	if (!parse_power_of_ten(suffix, &power))
		return false;
	*ret_value = (double)strtol(text, NULL, 10) * pow(10, power);
	return true;
}

const char *lpm01a_parse_range(const char *text, double low, double high, bool zero,
			       double *ret_value)
{
	double value;

	if (!lpm01a_parse_number(text, &value))
		return LPM01A_NO_SUCH;
	/* A little room for the power of ten. */
	if (!(zero && value == 0) && (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)))
		return LPM01A_OUT_OF_RANGE;
	*ret_value = value;
	return NULL;
}

const char *lpm01a_parse_choice(const char *text, const char *no, const char *yes, bool *ret_yes)
{
	if (!lpm01a_is(text, no) && !lpm01a_is(text, yes))
		return LPM01A_NO_SUCH;
	*ret_yes = lpm01a_is(text, yes);
	return NULL;
}
