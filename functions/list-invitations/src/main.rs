//! Runs `list-invitations` on Lambda.

fn main() -> Result<(), shared::lambda::Failure> {
    shared::lambda::run(list_invitations::function())
}
