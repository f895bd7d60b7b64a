# core_inference.c: this core and Unicorn on the boards' runtime, bare-metal. Included by
# tests/CMakeLists.txt where Unicorn is installed; needs the compilers and
# options of firmware/boards.cmake.
set(here ${CMAKE_CURRENT_LIST_DIR})
set(common ${here}/core_inference_guest.c)
foreach(folder wire image runtime runtime/kernels/portable)
	file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/${folder}/*.c)
	list(APPEND common ${found})
endforeach()
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/*.h)
set(binaries)

# core_inference_guest(CORE TOOL KERNELS LIBC option...): firmware/core-inference-CORE.bin
function(core_inference_guest core tool kernels libc)
	set(stem ${CMAKE_BINARY_DIR}/firmware/core-inference-${core})
	file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/runtime/kernels/${kernels}/*.c)
	string(TOUPPER ${kernels} kernels)
	add_custom_command(
		OUTPUT ${stem}.elf ${stem}.bin
		COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/firmware
		COMMAND ${${tool}_gcc} -std=gnu11 -g -O2 ${ARGN} -ffreestanding -ffunction-sections
			-fdata-sections -fno-common -ffp-contract=off -Wall -Wextra
			-I${CMAKE_SOURCE_DIR} -DRUNTIME_KERNELS_${kernels} ${common} ${found}
			-nostartfiles ${libc} -T ${here}/core_inference_guest.ld
			-Wl,--gc-sections -Wl,--build-id=none -o ${stem}.elf
		COMMAND ${${tool}_objcopy} -O binary ${stem}.elf ${stem}.bin
		DEPENDS ${common} ${found} ${headers} ${here}/core_inference_guest.h
			${here}/core_inference_guest.ld
		VERBATIM)
	set(binaries ${binaries} ${stem}.bin PARENT_SCOPE)
endfunction()
set(arm -mthumb -mfloat-abi=hard)
core_inference_guest(m4 arm_none_eabi armv7em --specs=nano.specs -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 ${arm})
core_inference_guest(m7 arm_none_eabi armv7em --specs=nano.specs -mcpu=cortex-m7 -mfpu=fpv5-sp-d16 ${arm})
core_inference_guest(m33 arm_none_eabi armv7em --specs=nano.specs -mcpu=cortex-m33 -mfpu=fpv5-sp-d16 ${arm})
core_inference_guest(c3 riscv64_unknown_elf rv32 --specs=picolibc.specs
	-march=rv32imc -misa-spec=2.2 -mabi=ilp32)
add_custom_target(core_inference_guests DEPENDS ${binaries})
add_executable(benchmarks_core_inference ${here}/core_inference.c)
target_include_directories(benchmarks_core_inference PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(benchmarks_core_inference PRIVATE bench_model virtual_rig PkgConfig::UNICORN m)
target_compile_options(benchmarks_core_inference PRIVATE -O2)
add_dependencies(benchmarks_core_inference core_inference_guests)
