/// Why a template could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("the template is not YAML: {0}")]
    Yaml(#[from] serde_norway::Error),
    /// Something in it has no meaning here.
    #[error("template: {place}: {problem}")]
    Invalid {
        /// The path to it, such as `Resources.EmailQueue.Properties.RedrivePolicy`.
        place: String,
        /// What is wrong.
        problem: String,
    },
}

impl TemplateError {
    pub(super) fn at(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid {
            place: place.into(),
            problem: problem.into(),
        }
    }
}
