/* The run loop: next vCPU from the scheduler, deliver, enter, hand the exit to its owner. */
#ifndef HV_ENTRY_LOOP_H
#define HV_ENTRY_LOOP_H

/* Runs the machine; never returns. The root partition has been started before. */
void __attribute__((noreturn)) loop_run(void);

#endif
