/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * esp_image IN.elf OUT.bin: the flash image that the ESP32-C3's ROM loads into RAM and starts, from
 * a linked ELF. Format: esptool documentation, "Firmware Image Format"; ESP-IDF, esp_app_format.h.
 *
 *   0  u8   0xE9
 *   1  u8   segments
 *   2  u8   flash mode, 2 = DIO
 *   3  u8   flash size << 4 | speed, 4 MB = 2, 40 MHz = 0
 *   4  u32  entry
 *   8  u8   WP pin, 0xEE = none; 3 bytes pin drive settings
 *  12  u16  chip, 5 = ESP32-C3; u8 oldest revision; u16, u16 oldest and newest revision
 *  19       4 reserved bytes; u8 at 23: 1 when a SHA-256 follows the image (never here)
 *  24       segments: u32 address, u32 bytes (a multiple of 4), bytes
 *           zeros up to the last byte of 16, which is 0xEF xor all segment bytes
 *
 * The result depends on the ELF only.
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HEADER_BYTES = 24,
	SEGMENT_HEADER_BYTES = 8,
	SEGMENTS_MAX = 16,
	ALIGNMENT = 16,
	CHECKSUM_SEED = 0xEF,
	IMAGE_MAX = 1024 * 1024, /* where the model slot begins */
};

struct bytes {
	uint8_t *at;
	size_t count;
};

/* What the ROM may load to: the cache's SRAM0 excluded, and the memory from 0x3FCCAE00 on, which it
 * uses itself. */
static const struct range {
	uint32_t begin, end;
} loadable[] = {
	{0x40380000, 0x403CAE00}, /* instruction view of SRAM1 */
	{0x3FC80000, 0x3FCCAE00}, /* the same bytes, data view */
};

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "esp_image: %s: %s\n", what, why);
	return 1;
}

static int file_read(const char *path, struct bytes *ret_bytes)
{
	FILE *file = fopen(path, "rb");
	uint8_t *at = NULL;
	long count = -1;
	bool done = false;

	if (!file)
		return fail(path, strerror(errno));
	if (!fseek(file, 0, SEEK_END))
		count = ftell(file);
	if (count > 0 && !fseek(file, 0, SEEK_SET))
		at = malloc((size_t)count);
	if (at)
		done = fread(at, 1, (size_t)count, file) == (size_t)count;
	fclose(file);
	if (!done) {
		free(at);
		return fail(path, "cannot be read");
	}
	*ret_bytes = (struct bytes){at, (size_t)count};
	return 0;
}

static int file_write(const char *path, const struct bytes *bytes)
{
	FILE *file = fopen(path, "wb");
	bool done;

	if (!file)
		return fail(path, strerror(errno));
	done = fwrite(bytes->at, 1, bytes->count, file) == bytes->count;
	done = !fclose(file) && done;
	if (done)
		return 0;
	remove(path);
	return fail(path, "cannot be written");
}

static const char *elf_check(const struct bytes *elf, Elf32_Ehdr *ret_header)
{
	if (elf->count < sizeof(*ret_header))
		return "too short for an ELF";
	memcpy(ret_header, elf->at, sizeof(*ret_header));
	if (memcmp(ret_header->e_ident, ELFMAG, SELFMAG) ||
	    ret_header->e_ident[EI_CLASS] != ELFCLASS32 ||
	    ret_header->e_ident[EI_DATA] != ELFDATA2LSB || ret_header->e_machine != EM_RISCV)
		return "not a 32-bit little-endian RISC-V ELF";
	if (ret_header->e_type != ET_EXEC || ret_header->e_phentsize != sizeof(Elf32_Phdr))
		return "not a linked program";
	if (ret_header->e_phoff > elf->count ||
	    ret_header->e_phnum > (elf->count - ret_header->e_phoff) / sizeof(Elf32_Phdr))
		return "program headers beyond the end of the file";
	return NULL;
}

static const char *segment_check(const Elf32_Phdr *segment, const struct bytes *elf)
{
	if (segment->p_offset > elf->count || segment->p_filesz > elf->count - segment->p_offset)
		return "a segment beyond the end of the file";
	if (segment->p_paddr % 4)
		return "a segment that is not aligned to words";
	for (size_t i = 0; i < sizeof(loadable) / sizeof(loadable[0]); i++)
		if (segment->p_paddr >= loadable[i].begin && segment->p_paddr < loadable[i].end &&
		    segment->p_filesz <= loadable[i].end - segment->p_paddr)
			return NULL;
	return "a segment where the ROM cannot load it";
}

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static const char *segment_append(const Elf32_Phdr *segment, const struct bytes *elf,
				  struct bytes *image, uint8_t *checksum)
{
	size_t padded = (segment->p_filesz + 3U) / 4 * 4;
	const char *failed = segment_check(segment, elf);

	if (failed)
		return failed;
	if (image->count + SEGMENT_HEADER_BYTES + padded + ALIGNMENT > IMAGE_MAX)
		return "larger than the flash in front of the model slot";
	if (image->at[1] == SEGMENTS_MAX)
		return "more segments than the ROM takes";
	image->at[1]++;
	put_u32(image->at + image->count, segment->p_paddr);
	put_u32(image->at + image->count + 4, (uint32_t)padded);
	image->count += SEGMENT_HEADER_BYTES;
	memcpy(image->at + image->count, elf->at + segment->p_offset, segment->p_filesz);
	for (size_t i = 0; i < segment->p_filesz; i++)
		*checksum ^= image->at[image->count + i];
	image->count += padded;
	return NULL;
}

static void header_make(struct bytes *image, uint32_t entry)
{
	static const uint8_t header[HEADER_BYTES] = {
		[0] = 0xE9, [2] = 2,     [3] = 2 << 4 | 0, [8] = 0xEE,
		[12] = 5,   [17] = 0xFF, [18] = 0xFF,
	};

	memcpy(image->at, header, sizeof(header));
	put_u32(image->at + 4, entry);
	image->count = HEADER_BYTES;
}

/* image has room for IMAGE_MAX zeros. */
static const char *image_make(const struct bytes *elf, struct bytes *image)
{
	uint8_t checksum = CHECKSUM_SEED;
	const char *failed;
	Elf32_Ehdr header;

	failed = elf_check(elf, &header);
	if (failed)
		return failed;
	header_make(image, header.e_entry);
	for (unsigned i = 0; i < header.e_phnum && !failed; i++) {
		Elf32_Phdr segment;

		memcpy(&segment, elf->at + header.e_phoff + i * sizeof(segment), sizeof(segment));
		if (segment.p_type == PT_LOAD && segment.p_filesz)
			failed = segment_append(&segment, elf, image, &checksum);
	}
	if (failed)
		return failed;
	if (!image->at[1])
		return "nothing to load";
	image->count = (image->count + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
	image->at[image->count - 1] = checksum;
	return NULL;
}

int main(int argc, char **argv)
{
	struct bytes image = {0};
	struct bytes elf = {0};
	const char *failed;
	int status;

	if (argc != 3) {
		fprintf(stderr, "usage: esp_image IN.elf OUT.bin\n");
		return 2;
	}
	if (file_read(argv[1], &elf))
		return 1;
	image.at = calloc(1, IMAGE_MAX);
	failed = image.at ? image_make(&elf, &image) : "out of memory";
	status = failed ? fail(argv[1], failed) : file_write(argv[2], &image);
	free(image.at);
	free(elf.at);
	return status;
}
