# core_inference.c: this core and Unicorn on the boards' runtime, bare-metal. Included by
# tests/CMakeLists.txt where Unicorn is installed; needs arm_none_eabi_gcc and
# arm_none_eabi_objcopy of firmware/boards.cmake.
set(here ${CMAKE_CURRENT_LIST_DIR})
set(sources ${here}/core_inference_guest.c)
foreach(folder wire image runtime runtime/kernels/portable runtime/kernels/armv7em)
	file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/${folder}/*.c)
	list(APPEND sources ${found})
endforeach()
file(GLOB_RECURSE headers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/firmware/*.h)
set(FPU_m4 fpv4-sp-d16)
set(FPU_m7 fpv5-sp-d16)
set(FPU_m33 fpv5-sp-d16)
set(binaries)
foreach(core m4 m7 m33)
	set(stem ${CMAKE_BINARY_DIR}/firmware/core-inference-${core})
	add_custom_command(
		OUTPUT ${stem}.elf ${stem}.bin
		COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/firmware
		COMMAND ${arm_none_eabi_gcc} -std=gnu11 -g -O2 -mcpu=cortex-${core} -mthumb
			-mfloat-abi=hard -mfpu=${FPU_${core}} -ffreestanding -ffunction-sections
			-fdata-sections -fno-common -ffp-contract=off -Wall -Wextra
			-I${CMAKE_SOURCE_DIR} -DRUNTIME_KERNELS_ARMV7EM ${sources}
			-nostartfiles --specs=nano.specs -T ${here}/core_inference_guest.ld
			-Wl,--gc-sections -Wl,--build-id=none -o ${stem}.elf
		COMMAND ${arm_none_eabi_objcopy} -O binary ${stem}.elf ${stem}.bin
		DEPENDS ${sources} ${headers} ${here}/core_inference_guest.h ${here}/core_inference_guest.ld
		VERBATIM)
	list(APPEND binaries ${stem}.bin)
endforeach()
add_custom_target(core_inference_guests DEPENDS ${binaries})
add_executable(benchmarks_core_inference ${here}/core_inference.c)
target_include_directories(benchmarks_core_inference PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(benchmarks_core_inference PRIVATE bench_model virtual_rig PkgConfig::UNICORN m)
target_compile_options(benchmarks_core_inference PRIVATE -O2)
add_dependencies(benchmarks_core_inference core_inference_guests)
