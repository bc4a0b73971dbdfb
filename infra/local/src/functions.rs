//! Every function, by its crate.

use shared::lambda::Function;

/// Every function that there is; a test holds this list against the folders.
pub fn all() -> Vec<Function> {
    vec![
        accept_invitation::function(),
        change_labels::function(),
        change_password::function(),
        change_project_members::function(),
        change_tasks::function(),
        create_api_key::function(),
        create_comment::function(),
        create_export::function(),
        create_invitation::function(),
        create_project::function(),
        create_realtime_ticket::function(),
        create_task::function(),
        create_tenant::function(),
        delete_api_key::function(),
        delete_comment::function(),
        delete_invitation::function(),
        delete_project::function(),
        delete_session::function(),
        delete_task::function(),
        delete_tenant::function(),
        docs::function(),
        erase::function(),
        export_tenant::function(),
        forgot_password::function(),
        get_audit_log::function(),
        get_export::function(),
        get_jwks::function(),
        get_me::function(),
        get_project::function(),
        get_task::function(),
        get_tenant::function(),
        get_tenant_deletion::function(),
        get_tenant_usage::function(),
        health::function(),
        index_task::function(),
        list_api_keys::function(),
        list_comments::function(),
        list_events::function(),
        list_invitations::function(),
        list_labels::function(),
        list_members::function(),
        list_notifications::function(),
        list_projects::function(),
        list_sessions::function(),
        list_tasks::function(),
        log_in::function(),
        log_out::function(),
        log_out_everywhere::function(),
        move_task::function(),
        not_found::function(),
        read_notifications::function(),
        realtime_connect::function(),
        realtime_default::function(),
        realtime_disconnect::function(),
        realtime_subscribe::function(),
        realtime_unsubscribe::function(),
        record_audit::function(),
        refresh_token::function(),
        relay::function(),
        remove_member::function(),
        resend_invitation::function(),
        reset_password::function(),
        restore_project::function(),
        restore_task::function(),
        search_tasks::function(),
        send_email::function(),
        send_realtime::function(),
        send_verification::function(),
        sign_up::function(),
        sweep_due::function(),
        sweep_log::function(),
        sweep_projects::function(),
        sweep_uploads::function(),
        update_comment::function(),
        update_member::function(),
        update_notifications::function(),
        update_project::function(),
        update_task::function(),
        update_tenant_settings::function(),
        verify_email::function(),
    ]
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    #[test]
    fn every_folder_of_functions_is_listed() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
        let mut folders: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        folders.sort_unstable();
        let listed: Vec<&str> = super::all()
            .iter()
            .map(|function| function.endpoint.name)
            .collect();
        assert_eq!(
            listed, folders,
            "infra/local/src/functions.rs lists what functions/ holds"
        );
    }
}
