/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The translation cache's records: blocks, jump slots, unwind records, the look-up table. Who may
 * use them: bt/, and the laboratory, which shows them. How a block comes to be is translation.h.
 */
#ifndef RING1_BT_CACHE_H
#define RING1_BT_CACHE_H

#include "bt/adapt.h"
#include "bt/bt.h"
#include "bt/decode/memo.h"
#include "bt/lookup.h"
#include "bt/note.h"
#include "bt/window.h"

/* Unwind record: from TC offset AT (in its block) on, until the next record, a stop means the
 * guest state with eip = EIP, or R8 for a FORWARD record, and the adjustments of HOW. */
struct unwind {
    uint16_t at;
    int8_t esp_delta; /* to add to the guest's ESP: 0, or what a push or pop still owes */
    uint8_t how;      /* enum unwind_how */
    uint32_t eip;
};
enum unwind_how {
    UNWIND_EIP = 0,             /* BACK, or on to an instruction whose address is known */
    UNWIND_FORWARD = 1u << 0,   /* eip is in R8D, all else committed */
    UNWIND_ECX_R11 = 1u << 1,   /* the guest's ECX is in R11D */
    UNWIND_INHIBIT = 1u << 2,   /* in the shadow of an STI */
    UNWIND_ESP_R9 = 1u << 3,    /* the guest's ESP is in R9D */
    UNWIND_FLAGS_R11 = 1u << 4, /* the guest's arithmetic flags and DF are in R11 */
    UNWIND_PUSHED = 1u << 5,    /* a word that is no return address lies on the call stack */
    UNWIND_EAX_R10 = 1u << 6,   /* the guest's EAX is in R10D */
    UNWIND_FLAGS_R9 = 1u << 7, /* its arithmetic flags are in R9D, as emit_save_flags leaves them */
};

#define NO_BLOCK 0u
#define NO_FRAME 0xffffffffu

struct block {
    uint64_t mode;
    uint32_t eip, len; /* guest bytes [eip, eip + len), linear addresses as all in bt/ */
    uint32_t tc;       /* offset of its code in the cache */
    uint32_t tc_len;
    uint32_t records; /* index of its first unwind record */
    uint32_t bases;   /* those of FS and GS when it was made, in one word (cache_bases) */
    uint16_t nrecords;
    bool global; /* its pages survive a CR3 load */
    bool live;
    uint32_t frame[2];      /* guest frames of its bytes; [1] is NO_FRAME if there is one only */
    uint32_t next_frame[2]; /* next block of each frame's list */
    uint32_t incoming;      /* first slot that leads here, 0 = none */
    uint32_t slots, nslots; /* its own jump slots, in a row */
    uint32_t entries, nentries; /* where it is entered, in a row: the first is its start */
};

/* A place where a block is entered by address: its start, or behind a call in it. */
struct entry {
    uint32_t eip, block;
    uint32_t at;   /* TC offset */
    uint32_t next; /* next entry of its hash chain by eip */
};

/* A direct exit: where it leads is in the rel32 of its jump or in 8 bytes of the cache's data area
 * (bt->patching); this says whose it is. */
struct slot {
    uint32_t eip;    /* the guest's address of its target */
    uint32_t at;     /* TC offset of its rel32, if that is patched */
    uint32_t target; /* block that it is connected to, or NO_BLOCK */
    uint32_t next;   /* next slot with the same target */
    uint32_t from;   /* block that it belongs to */
};

/* Buckets by eip come in rows of 64, one row for all pages of the same hash: a linear page's
 * blocks are found by looking through one row. */
#define KEY_ROW         64u
#define KEY_BUCKETS     16384u
#define FRAME_BUCKETS   16384u
#define MAX_BLOCKS      120000u
#define MAX_ENTRIES     240000u
#define MAX_SLOTS       240000u
#define MAX_RECORDS     1000000u
#define MAX_BLOCK_CODE  16384u /* bytes of host code for one block, stubs included */
#define BLOCK_ALIGN     32u    /* with 16, one program took twice its time, by its place */
#define MAX_BLOCK_INSNS 96u
#define MAX_BLOCK_SPAN  1024u /* bytes of guest code that a block goes on for */
#define RECENT          16u
#define MIXED_AFTER     16u  /* drops until a frame counts as code mixed with data ... */
#define MIXED_FOR       200u /* ... and for how many look-ups it stays so */

/* Code that is there once for each side, by TC offset. */
struct thunks {
    uint32_t lookup; /* the shared look-up, ... */
    uint32_t probe;  /* ... its second level, with ECX in R11 ... */
    uint32_t user;   /* ... the way out for an IRET to user code ... */
    uint32_t other;  /* ... the look-up for a return whose flags are in R9D ... */
    uint32_t empty;  /* ... what a RET finds in an empty call stack ... */
    uint32_t call;   /* ... and the way out for an INT 80h of user code */
};

struct bt {
    struct host_tc tc;
    uint32_t tc_used, tc_first; /* of the cache; where the first block that is not a thunk lies */
    uint32_t nblocks, nslots, nrecords, nentries;
    struct block *block; /* [0] is the thunks' */
    struct entry *entry; /* [0] is none: its block is NO_BLOCK */
    struct slot *slot;   /* [0] unused */
    struct unwind *record;
    uint64_t *slot_value;        /* in the cache's data area; not used if links are patched */
    uint32_t *by_key, *by_frame; /* bucket heads */
    struct lookup lookup[SIDES]; /* of code at CPL 0 to 2, and of code at CPL 3 */
    uint64_t run_mode;           /* mode of the code that was looked for last */
    uint32_t nown;  /* blocks made since the last flush that do not survive a CR3 load */
    uint8_t *drops; /* by guest frame: how often its translations were dropped lately */
    uint32_t nframes;
    uint32_t flushes, unwind_flushes; /* whole-cache flushes; as of the last bt_unwind */
    bool patching;                    /* policy: links between blocks are patched into the code */
    bool save_flags;                  /* policy: RET saves the flags, its check may change them */
    bool inline_lookup;               /* policy: look-up code at every site, or one thunk */
    bool count;                       /* policy: count guest instructions run */
    uint64_t callouts;                /* instructions translated as callouts so far */
    struct thunks thunk[SIDES];
    struct notes *notes; /* what is done with each instruction is noted here; NULL: nowhere */
    uint32_t recent[RECENT], nrecent;
    struct decode_memo memo;
    struct adapt adapt;
    uint64_t tidy_ns;                 /* when bt_tidy looks next, and what ... */
    uint32_t tidy_used, tidy_flushes; /* ... it saw last */
    struct window_sites windows;
    uint8_t scratch[MAX_BLOCK_CODE]; /* a block is assembled here and copied in one go */
};

/* ---- cache.c: records, slots, the look-up table ---- */

/* The mode that v is in, as blocks are keyed by it (enum mode_bits). */
uint64_t cache_mode(const struct vcpu *v);
/* The bases of FS and GS, mixed. */
uint32_t cache_bases(const struct vcpu *v);

/* The entry at EIP of a block in MODE from PAGE's frame (and NEXT's, if it needs two); 0 if there
 * is none. */
uint32_t cache_find(const struct bt *bt, uint32_t eip, uint64_t mode, const struct code_page *page,
                    const struct code_page *next);

/* Enters into v's look-up table what PAGE holds for its mode; but not the code in two frames. */
void cache_enter_page(struct vcpu *v, const struct code_page *page);

/* A finished block: into the lists; out of all, so that nothing leads to it; the host is told. */
void cache_link(struct bt *bt, uint32_t block);
void cache_drop(struct vm *vm, uint32_t block);
void cache_announce(const struct bt *bt, uint32_t block);

/* Forgets everything; what is made from now on lies where that lay, or behind it: an emulated host
 * is slow where code is written over. */
void cache_flush_all(struct vm *vm);
void cache_move_on(struct vm *vm);

/* The block that holds TC offset OFF, dropped ones too. */
uint32_t cache_block_at(const struct bt *bt, uint32_t off);

/* A new entry of BLOCK, which is being made; its first one is its start. 0: no room. */
uint32_t entry_new(struct bt *bt, uint32_t block, uint32_t eip, uint32_t at);

/* Empties the call stack: a return goes through the look-up table, until there are calls again. */
void calls_reset(struct vm *vm);

/* chain.c: connects exits of a new BLOCK, made from PAGE for v, whose targets are there already. */
void chain_exits(struct vcpu *v, uint32_t block, const struct code_page *page);

/* slot.c: a new slot of BLOCK for EIP that leads to its stub for now; where it lies for emitted
 * code. */
uint32_t slot_new(struct bt *bt, uint32_t block, uint32_t eip);
uint64_t slot_address(const struct bt *bt, uint32_t slot);

/* Stubs are handed out from the end of the cache's code downwards, one a slot, out of the way of
 * what runs. At slot_stub a slot that is not connected leaves; behind that gate its target is
 * looked up (slot_search). slot_of_stub is the slot whose stub holds TC offset OFF, or 0. */
#define STUB_SIZE 16u
static inline uint32_t slot_stub(const struct bt *bt, uint32_t slot)
{
    return bt->tc.size - STUB_SIZE * (slot + 1);
}
uint32_t slot_of_stub(const struct bt *bt, uint32_t off);
void slot_connect(struct bt *bt, uint32_t slot, uint32_t entry);
void slot_disconnect(struct bt *bt, uint32_t slot);
void slot_search(struct bt *bt, uint32_t slot);

/* Bytes of what leaves the cache, by policy: CALL [vcpu.gate[code]], near or far, or INT n. */
static inline uint32_t gate_size(const struct bt *bt)
{
    return bt->tc.gate_kind == GATE_INT ? 2 : 4;
}

/* exits.c: makes block 0, code that is there once; after each flush. */
void thunks_emit(struct bt *bt, struct vcpu *v);
static inline uint64_t entry_address(const struct bt *bt, uint32_t entry)
{
    return bt->tc.exec + bt->entry[entry].at;
}

#endif
