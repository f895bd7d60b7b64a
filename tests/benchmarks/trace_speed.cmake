# Speed of the analysis of traces and of a PPK2's conversion. Programs alone, no ctest.
foreach(name ppk2_convert trace_pipeline window_integration)
	add_executable(benchmarks_${name} ${CMAKE_CURRENT_LIST_DIR}/${name}.c)
	target_include_directories(benchmarks_${name} PRIVATE ${CMAKE_SOURCE_DIR})
	target_link_libraries(benchmarks_${name} PRIVATE drivers analysis m)
	target_compile_options(benchmarks_${name} PRIVATE -O2)
endforeach()
