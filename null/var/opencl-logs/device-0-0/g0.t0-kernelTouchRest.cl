#pragma OPENCL EXTENSION cl_khr_fp64 : enable  
#pragma OPENCL EXTENSION cl_khr_fp16 : enable  
#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable  
__kernel void kernelTouchRest(__global long *_kernel_context, __constant uchar *_constant_region, __local uchar *_local_region, __global int *_atomics, __global uchar *small, __global uchar *ints, __global uchar *table)
{
  bool b_4, b_8; 
  int i_7, i_6, i_3, i_12; 
  double d_10; 
  ulong ul_0, ul_1, ul_2, ul_5, ul_11, ul_9; 

  // BLOCK 0
  ul_0  =  (ulong) small;
  ul_1  =  (ulong) ints;
  ul_2  =  (ulong) table;
  i_3  =  get_global_id(0);
  b_4  =  i_3 == 0;
  if(b_4)
  {
    // BLOCK 1
    ul_5  =  ul_2 + 16L;
    i_6  =  *((__global int *) ul_5);
    i_7  =  i_6 + 1;
    *((__global int *) ul_5)  =  i_7;
  }  // B0
  else
  {
    // BLOCK 2
  }  // B0
  // BLOCK 3 MERGES [2 1 ]
  b_8  =  i_3 == 0;
  if(b_8)
  {
    // BLOCK 4
    ul_9  =  ul_0 + 16L;
    d_10  =  *((__global double *) ul_9);
    *((__global double *) ul_9)  =  d_10;
    ul_11  =  ul_1 + 16L;
    i_12  =  *((__global int *) ul_11);
    *((__global int *) ul_11)  =  i_12;
  }  // B3
  else
  {
    // BLOCK 5
  }  // B3
  // BLOCK 6 MERGES [5 4 ]
  return;
}  //  kernel
