# The boards' firmware: part of every build, with its own compilers.
# Adding a chip: a folder in ports/, a row of FIRMWARE_ below and firmware_board() lines at the end.
foreach(tool arm-none-eabi riscv64-unknown-elf)
	foreach(part gcc objcopy)
		string(MAKE_C_IDENTIFIER "${tool}-${part}" variable)
		find_program(${variable} ${tool}-${part})
		if(NOT ${variable})
			message(FATAL_ERROR "${tool}-${part} was not found: install gcc-${tool}")
		endif()
	endforeach()
endforeach()
# Optional: the builds named clang are made where it is installed.
find_program(FIRMWARE_CLANG NAMES clang clang-14)

# ELF -> what the ESP32-C3's ROM loads.
add_executable(esp_image tools/esp_image.c)

function(require_specs compiler specs package)
	execute_process(COMMAND ${compiler} -print-file-name=${specs} OUTPUT_VARIABLE found OUTPUT_STRIP_TRAILING_WHITESPACE)
	if(NOT IS_ABSOLUTE "${found}")
		message(FATAL_ERROR "${specs} was not found: install ${package}")
	endif()
endfunction()
require_specs(${arm_none_eabi_gcc} nano.specs libnewlib-arm-none-eabi)
require_specs(${riscv64_unknown_elf_gcc} picolibc.specs picolibc-riscv64-unknown-elf)

# The command loop for the host's tests, which bring their own port.
house_library(firmware_agent firmware/agent)
target_link_libraries(firmware_agent PUBLIC firmware_runtime firmware_wire)

# Of each chip: tool chain, core options, the kernel set its core runs beside the portable one, and
# the options that give its libc, what makes the .bin of the .elf, and folders it shares with others.
set(FIRMWARE_ARM_LIBC --specs=nano.specs)
set(FIRMWARE_TOOL_stm32l4r5 arm_none_eabi)
set(FIRMWARE_CORE_stm32l4r5 -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16)
set(FIRMWARE_KERNELS_stm32l4r5 armv7em)
set(FIRMWARE_LIBC_stm32l4r5 ${FIRMWARE_ARM_LIBC})
set(FIRMWARE_BINARY_stm32l4r5 ${arm_none_eabi_objcopy} -O binary)
set(FIRMWARE_SHARED_stm32l4r5 ports/stm32_common ports/stm32_l4l5)
set(FIRMWARE_TOOL_stm32f767 arm_none_eabi)
set(FIRMWARE_CORE_stm32f767 -mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16)
set(FIRMWARE_KERNELS_stm32f767 armv7em)
set(FIRMWARE_LIBC_stm32f767 ${FIRMWARE_ARM_LIBC})
set(FIRMWARE_BINARY_stm32f767 ${arm_none_eabi_objcopy} -O binary)
set(FIRMWARE_SHARED_stm32f767 ports/stm32_common)
set(FIRMWARE_TOOL_stm32l552 arm_none_eabi)
set(FIRMWARE_CORE_stm32l552 -mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16)
set(FIRMWARE_KERNELS_stm32l552 armv7em)
set(FIRMWARE_LIBC_stm32l552 ${FIRMWARE_ARM_LIBC})
set(FIRMWARE_BINARY_stm32l552 ${arm_none_eabi_objcopy} -O binary)
set(FIRMWARE_SHARED_stm32l552 ports/stm32_common ports/stm32_l4l5)
set(FIRMWARE_TOOL_esp32c3 riscv64_unknown_elf)
set(FIRMWARE_CORE_esp32c3 -march=rv32imc -misa-spec=2.2 -mabi=ilp32)
set(FIRMWARE_KERNELS_esp32c3 rv32)
set(FIRMWARE_LIBC_esp32c3 --specs=picolibc.specs)
set(FIRMWARE_BINARY_esp32c3 $<TARGET_FILE:esp_image>)
set(FIRMWARE_BINARY_NEEDS_esp32c3 esp_image)

find_path(FIRMWARE_NEWLIB_INCLUDE string.h PATHS /usr/lib/arm-none-eabi/include /usr/include/newlib NO_DEFAULT_PATH)
find_path(FIRMWARE_PICOLIBC_INCLUDE string.h PATHS /usr/lib/picolibc/riscv64-unknown-elf/include NO_DEFAULT_PATH)
set(FIRMWARE_CLANG_arm_none_eabi --target=arm-none-eabi -fshort-enums -isystem ${FIRMWARE_NEWLIB_INCLUDE})
set(FIRMWARE_CLANG_riscv64_unknown_elf --target=riscv32-unknown-elf -isystem ${FIRMWARE_PICOLIBC_INCLUDE})
set(FIRMWARE_COMMON_OPTIONS
	-std=gnu11 -g -ffreestanding -ffunction-sections -fdata-sections -fno-common -ffp-contract=off
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-missing-field-initializers
	-ffile-prefix-map=${CMAKE_BINARY_DIR}=build -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
	-I${CMAKE_SOURCE_DIR})

# The folder that defines agent_serve(): agent, or mlperf_tiny for an example of firmware that was built
# elsewhere and speaks the MLPerf Tiny protocol.
set(FIRMWARE_FRONT agent)

# Sources and headers of a chip's firmware.
function(firmware_files chip ret_sources ret_headers)
	set(sources)
	foreach(folder wire ${FIRMWARE_FRONT} image runtime runtime/kernels/portable
			runtime/kernels/${FIRMWARE_KERNELS_${chip}} ports/${chip} ${FIRMWARE_SHARED_${chip}})
		file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/${folder}/*.c)
		list(APPEND sources ${found})
	endforeach()
	file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/*.h)
	set(${ret_sources} ${sources} PARENT_SCOPE)
	set(${ret_headers} ${headers} PARENT_SCOPE)
endfunction()

# firmware_board(BOARD CHIP BUILD COMPILER option...): ${CMAKE_BINARY_DIR}/firmware/BOARD-BUILD.{elf,bin,map}.
# BUILD names the options, COMPILER is gcc or clang (which links with gcc's libc); HELLO reports all of them.
function(firmware_board board chip build compiler)
	set(port ${CMAKE_SOURCE_DIR}/firmware/ports/${chip})
	set(tool ${FIRMWARE_TOOL_${chip}})
	set(gcc ${${tool}_gcc})
	set(compile ${gcc} ${FIRMWARE_LIBC_${chip}})
	set(core ${FIRMWARE_CORE_${chip}})
	if(compiler STREQUAL clang)
		set(compile ${FIRMWARE_CLANG} ${FIRMWARE_CLANG_${tool}})
		list(REMOVE_ITEM core -misa-spec=2.2)
	endif()
	firmware_files(${chip} sources headers)
	string(TOUPPER ${FIRMWARE_KERNELS_${chip}} kernels)
	set(code_options ${ARGN} ${core})
	list(JOIN code_options " " options_text)
	set(stem ${CMAKE_BINARY_DIR}/firmware/${board}-${build})
	set(objects)
	foreach(source IN LISTS sources)
		file(RELATIVE_PATH name ${CMAKE_SOURCE_DIR}/firmware ${source})
		string(REPLACE "/" "_" name ${name})
		set(object ${stem}.objects/${name}.o)
		list(APPEND objects ${object})
		add_custom_command(
			OUTPUT ${object}
			COMMAND ${CMAKE_COMMAND} -E make_directory ${stem}.objects
			COMMAND ${compile} ${code_options} ${FIRMWARE_COMMON_OPTIONS}
				-DPORT_BOARD="${board}" -DPORT_BUILD="${build}" "-DPORT_OPTIONS=\"${options_text}\""
				-DRUNTIME_KERNELS_${kernels} -c ${source} -o ${object}
			DEPENDS ${source} ${headers} ${CMAKE_SOURCE_DIR}/firmware/boards.cmake
			COMMENT "Compiling firmware ${board}-${build} ${name}"
			VERBATIM)
	endforeach()
	add_custom_command(
		OUTPUT ${stem}.elf ${stem}.bin
		BYPRODUCTS ${stem}.map
		COMMAND ${gcc} ${ARGN} ${FIRMWARE_CORE_${chip}} ${FIRMWARE_LIBC_${chip}} ${objects}
			-nostartfiles -T ${port}/layout.ld
			-Wl,--gc-sections -Wl,--build-id=none -Wl,-z,noexecstack -Wl,-Map,${stem}.map -o ${stem}.elf
		COMMAND ${FIRMWARE_BINARY_${chip}} ${stem}.elf ${stem}.bin
		DEPENDS ${objects} ${port}/layout.ld ${FIRMWARE_BINARY_NEEDS_${chip}}
		COMMENT "Linking firmware ${board}-${build}"
		VERBATIM)
	add_custom_target(firmware_${board}-${build} ALL DEPENDS ${stem}.elf ${stem}.bin)
endfunction()

# firmware_builds(BOARD CHIP): the named builds that every board has.
function(firmware_builds board chip)
	foreach(level O2 Os O3)
		firmware_board(${board} ${chip} ${level} gcc -${level})
	endforeach()
	if(FIRMWARE_CLANG)
		firmware_board(${board} ${chip} clang clang -O2)
	endif()
endfunction()

firmware_builds(nucleo-l4r5zi stm32l4r5)
firmware_builds(nucleo-f767zi stm32f767)
firmware_builds(nucleo-l552ze-q stm32l552)
firmware_builds(esp32-c3-devkitm-1 esp32c3)
# The chip's caches and flash accelerator off.
firmware_board(nucleo-f767zi stm32f767 O2-nocache gcc -O2 -DPORT_CACHES=0)
firmware_board(nucleo-l552ze-q stm32l552 O2-nocache gcc -O2 -DPORT_CACHES=0)
set(FIRMWARE_FRONT mlperf_tiny)
firmware_board(nucleo-l4r5zi stm32l4r5 mlperf-O2 gcc -O2)
firmware_board(nucleo-l4r5zi stm32l4r5 mlperf-energy-O2 gcc -O2 -DMLPERF_TINY_ENERGY)
set(FIRMWARE_FRONT agent)
