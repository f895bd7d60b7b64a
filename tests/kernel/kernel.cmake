# SPDX-License-Identifier: GPL-3.0-or-later
#
# tests/kernel/test_NAME.c: one program and one ctest each, run inside a guest kernel (User-Mode Linux) that has the
# real drivers. `ctest -L kernel` builds the guest first, a few minutes the first time.
add_library(kernel_rig OBJECT kernel/rig.c kernel/vhci.c)
target_include_directories(kernel_rig PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(kernel_rig PRIVATE PkgConfig::CMOCKA)
add_executable(kernel_attach kernel/attach.c kernel/vhci.c)
target_include_directories(kernel_attach PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(kernel_attach PRIVATE drivers)
add_executable(kernel_markers kernel/markers.c)

add_test(NAME kernel/guest COMMAND bash tests/kernel/build_guest.sh ${CMAKE_BINARY_DIR}/guest
	WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
set_tests_properties(kernel/guest PROPERTIES TIMEOUT 1800 SKIP_RETURN_CODE 77 LABELS kernel
	FIXTURES_SETUP kernel_guest)

# With a sanitizer a program takes several times the memory and the time. What keeps the clock's pace then runs in the guest's
# own time, where LeakSanitizer cannot work: at the exit of a program it waits by computing.
set(kernel_timeout_s 240)
set(kernel_sanitizer)
set(kernel_virtual JOULEBENCH_GUEST_TIME=virtual)
set(kernel_virtual_tests sweep)
if(JOULEBENCH_ASAN_UBSAN OR JOULEBENCH_TSAN)
	set(kernel_timeout_s 1800)
	list(APPEND kernel_virtual_tests serial usb devices)
endif()
if(JOULEBENCH_ASAN_UBSAN)
	set(kernel_sanitizer JOULEBENCH_GUEST_MEMORY_MB=1024 ASAN_OPTIONS=quarantine_size_mb=16)
	list(APPEND kernel_virtual ASAN_OPTIONS=quarantine_size_mb=16:detect_leaks=0)
elseif(JOULEBENCH_TSAN)
	set(kernel_sanitizer JOULEBENCH_GUEST_MEMORY_MB=3072
		TSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/kernel/tsan_suppressions)
endif()
math(EXPR kernel_ctest_timeout_s "${kernel_timeout_s} + 30")

# kernel_test(NAME COMMAND...): runs in the guest.
function(kernel_test name)
	add_test(NAME kernel/${name} COMMAND bash tests/kernel/in_guest.sh ${CMAKE_BINARY_DIR}/guest ${ARGN}
		WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
	set_tests_properties(kernel/${name} PROPERTIES TIMEOUT ${kernel_ctest_timeout_s} SKIP_RETURN_CODE 77 LABELS kernel
		FIXTURES_REQUIRED kernel_guest RESOURCE_LOCK kernel_guest
		ENVIRONMENT "JOULEBENCH_BUILD=${CMAKE_BINARY_DIR};JOULEBENCH_GUEST_TIMEOUT=${kernel_timeout_s};${kernel_sanitizer}")
endfunction()

file(GLOB found CONFIGURE_DEPENDS kernel/test_*.c)
foreach(source IN LISTS found)
	get_filename_component(stem ${source} NAME_WE)
	string(REPLACE test_ "" short ${stem})
	add_executable(kernel_${stem} ${source} $<TARGET_OBJECTS:kernel_rig>)
	target_include_directories(kernel_${stem} PRIVATE ${CMAKE_SOURCE_DIR})
	target_link_libraries(kernel_${stem} PRIVATE drivers PkgConfig::CMOCKA m)
	kernel_test(${short} ${CMAKE_BINARY_DIR}/bin/kernel_${stem})
endforeach()
kernel_test(devices bash tests/kernel/devices.sh)
kernel_test(sweep bash tests/kernel/sweep.sh)
list(TRANSFORM kernel_virtual_tests PREPEND kernel/)
set_property(TEST ${kernel_virtual_tests} APPEND PROPERTY ENVIRONMENT ${kernel_virtual})
