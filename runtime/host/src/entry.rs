//! Where a component is entered. Its exports are found once, when it is linked; a run types only the one that it calls, since
//! checking the types of all costs as much as a good part of a run.

use wasmtime::component::{ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Lower, TypedFunc};
use wasmtime::{Result, Store, format_err};

use crate::bindings::stepwell::plugin::types as wit;
use crate::bindings::{StepPlugin, StepPluginPre};
use crate::state::RunState;

/// The interface that plugins export.
const STEP: &str = "stepwell:plugin/step@0.1.0";

/// A linked component and its exports.
pub(crate) struct Entry {
    pre: StepPluginPre<RunState>,
    run: ComponentExportIndex,
    resume: ComponentExportIndex,
}

impl Entry {
    /// Finds the exports. That they have the right types is checked by [`Entry::all`].
    pub(crate) fn new(pre: InstancePre<RunState>) -> Result<Self> {
        let pre = StepPluginPre::new(pre)?;
        let component = pre.instance_pre().component();
        let missing = |name: &str| format_err!("no exported instance named `{name}`");
        let step = component.get_export_index(None, STEP).ok_or_else(|| missing(STEP))?;
        let function = |name: &str| component.get_export_index(Some(&step), name).ok_or_else(|| missing(name));
        let (run, resume) = (function("run")?, function("resume")?);
        Ok(Self { pre, run, resume })
    }

    /// A fresh instance.
    pub(crate) async fn instantiate(&self, store: &mut Store<RunState>) -> Result<Instance> {
        self.pre.instance_pre().instantiate_async(store).await
    }

    /// All exports, their types checked.
    pub(crate) fn all(store: &mut Store<RunState>, instance: &Instance) -> Result<StepPlugin> {
        StepPlugin::new(store, instance)
    }

    /// Calls `run`.
    pub(crate) async fn run(
        &self,
        store: &mut Store<RunState>,
        instance: &Instance,
        step_type: &str,
        context: &wit::StepContext,
    ) -> Result<wit::Outcome> {
        let function = typed::<(&str, &wit::StepContext), (wit::Outcome,)>(store, instance, &self.run)?;
        Ok(function.call_async(store, (step_type, context)).await?.0)
    }

    /// Calls `resume`.
    pub(crate) async fn resume(
        &self,
        store: &mut Store<RunState>,
        instance: &Instance,
        step_type: &str,
        context: &wit::StepContext,
        (state, wake): (&str, &wit::Wake),
    ) -> Result<wit::Outcome> {
        let function =
            typed::<(&str, &wit::StepContext, &str, &wit::Wake), (wit::Outcome,)>(store, instance, &self.resume)?;
        Ok(function.call_async(store, (step_type, context, state, wake)).await?.0)
    }
}

fn typed<P, R>(
    store: &mut Store<RunState>,
    instance: &Instance,
    export: &ComponentExportIndex,
) -> Result<TypedFunc<P, R>>
where
    P: ComponentNamedList + Lower,
    R: ComponentNamedList + Lift,
{
    instance.get_typed_func(store, export)
}
