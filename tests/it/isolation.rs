//! What keeps tenants apart below the code, each net by itself: every function is led astray, into a
//! request that is bound to another tenant than its caller's, with one net or the other taken away; and
//! every kind of call is made with credentials of one tenant for the rows of another.

mod astray;
mod calls;
mod grants;
mod sessions;
