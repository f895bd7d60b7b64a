# SPDX-License-Identifier: GPL-3.0-or-later
#
# Included after the tests of tests/unit. Protocol tests: byte streams, split and truncated
# everywhere. `ctest -L protocol` runs them.
foreach(stem test_flash_dfuse test_flash_esp32_rom test_flash_openocd test_flash_stm32_uart test_js110_packet test_js220_frames test_link_rfc2217
		test_link_telnet test_lpm01a_parser test_mlperf_tiny test_ppk2_golden test_ppk2_stream test_usb_ip)
	set_tests_properties(unit/drivers/${stem} PROPERTIES LABELS protocol)
endforeach()

# Drivers against virtual instruments in the same program.
foreach(stem test_flash_dfuse test_ina2xx test_joulescope_usbip test_js110 test_js220 test_lpm01a test_meter_conformance
		test_usb_ip_rig)
	target_link_libraries(unit_drivers_${stem} PRIVATE virtual_rig)
endforeach()
