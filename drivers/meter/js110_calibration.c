/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Joulescope JS110: the calibration record. Layout and check sums (CRC-32 of IEEE 802.3 over all
 * bytes of the head, or of a record, before them) are those of the vendor's pyjoulescope
 * (datafile.py). The path that is open has NaN for its values.
 */
#include "drivers/meter/js110_calibration.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "drivers/meter/joulescope_json.h"

enum { TAG_CALIBRATION = 0x534a41, RECORD_OVERHEAD = 12 };

static const uint8_t magic[16] = {0xd3, 't',  'a', 'g',  'f', 'm', 't',  ' ',
				  '\r', '\n', ' ', '\n', ' ', ' ', 0x1a, 0x1c};

/* Gains of a published unit; instruments differ by a few per cent. That of the 5 V range is not
 * published: 5 V over the converter's 14 bits. */
static const double current_gain[JS110_RANGES] = {6.8289e-4,  1.6375e-4,  1.46262e-5, 1.49376e-6,
						  1.49705e-7, 1.49839e-8, 1.49845e-9};
static const double voltage_gain[JS110_VOLTAGE_RANGES] = {9.468e-4, 3.05e-4};

static uint32_t crc32_of(const uint8_t *bytes, size_t count)
{
	uint32_t crc = UINT32_MAX;

	while (count--) {
		crc ^= *bytes++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (UINT32_C(0xedb88320) & -(crc & 1));
	}
	return ~crc;
}

int js110_calibration_length(const uint8_t *head, size_t *ret_length, struct err *err)
{
	uint64_t length = js110_word(head + 16) | (uint64_t)js110_word(head + 20) << 32;

	if (memcmp(head, magic, sizeof(magic)))
		return err_set(err, -EPROTO, "calibration: the instrument has none");
	if (crc32_of(head, JS110_CALIBRATION_HEAD - 4) !=
	    js110_word(head + JS110_CALIBRATION_HEAD - 4))
		return err_set(err, -EPROTO, "calibration: its head is damaged");
	if (length < JS110_CALIBRATION_HEAD || length > JS110_CALIBRATION_MAX)
		return err_set(err, -EPROTO, "calibration: %llu bytes make no sense",
			       (unsigned long long)length);
	*ret_length = (size_t)length;
	return 0;
}

/* {"offset": [...], "gain": [...]} */
static bool scales_parse(struct json signal, unsigned count, struct js110_scale *scales)
{
	static const char *const keys[2] = {"offset", "gain"};

	for (int key = 0; key < 2; key++) {
		struct json list, element;

		if (!json_member(signal, keys[key], &list) || !json_first(list, &element))
			return false;
		for (unsigned n = 0; n < count; n++) {
			if (n && !json_next(element, &element))
				return false;
			if (!json_number(element, key ? &scales[n].gain : &scales[n].offset))
				return false;
		}
	}
	return true;
}

static int scales_check(const char *signal, const struct js110_scale *scales, const double *gains,
			unsigned count, struct err *err)
{
	for (unsigned n = 0; n < count; n++) {
		double ratio = scales[n].gain / gains[n], offset = scales[n].offset;

		if (!(ratio > 0.7 && ratio < 1.4))
			return err_set(err, -ERANGE,
				       "calibration is implausible: %s gain %u is %g, not near %g",
				       signal, n, scales[n].gain, gains[n]);
		if (!(offset > -8192 && offset < 0))
			return err_set(err, -ERANGE,
				       "calibration is implausible: %s offset %u is %g", signal, n,
				       offset);
	}
	return 0;
}

static int json_parse(struct json text, struct js110_calibration *ret_calibration, struct err *err)
{
	struct js110_calibration calibration;
	struct json current, voltage;
	int rc;

	if (!json_member(text, "current", &current) || !json_member(text, "voltage", &voltage) ||
	    !scales_parse(current, JS110_RANGES, calibration.current) ||
	    !scales_parse(voltage, JS110_VOLTAGE_RANGES, calibration.voltage))
		return err_set(err, -ENOENT,
			       "calibration: offsets and gains of current and voltage are not "
			       "all in it");
	rc = scales_check("current", calibration.current, current_gain, JS110_RANGES, err);
	if (!rc)
		rc = scales_check("voltage", calibration.voltage, voltage_gain,
				  JS110_VOLTAGE_RANGES, err);
	if (!rc)
		*ret_calibration = calibration;
	return rc;
}

int js110_calibration_parse(const uint8_t *bytes, size_t count,
			    struct js110_calibration *ret_calibration, struct err *err)
{
	size_t length = 0, at = JS110_CALIBRATION_HEAD;
	int rc = count < JS110_CALIBRATION_HEAD
			 ? err_set(err, -EPROTO, "calibration: %zu bytes are no head", count)
			 : js110_calibration_length(bytes, &length, err);

	if (rc)
		return rc;
	if (count < length)
		return err_set(err, -EPROTO, "calibration: it ends after %zu of %zu bytes", count,
			       length);
	while (length - at >= RECORD_OVERHEAD) {
		uint32_t tag = js110_word(bytes + at), data = js110_word(bytes + at + 4);
		size_t size = ((size_t)data + RECORD_OVERHEAD + 7) & ~(size_t)7;

		if (size > length - at ||
		    crc32_of(bytes + at, size - 4) != js110_word(bytes + at + size - 4))
			return err_set(err, -EPROTO,
				       "calibration: the record at byte %zu is damaged", at);
		if ((tag & 0xffffff) == TAG_CALIBRATION)
			return json_parse((struct json){(const char *)bytes + at + 8,
							(const char *)bytes + at + 8 + data},
					  ret_calibration, err);
		at += size;
	}
	return err_set(err, -ENOENT, "calibration: there is no such record among %zu bytes",
		       length);
}
